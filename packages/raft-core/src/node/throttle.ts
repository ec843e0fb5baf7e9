import type { Clock } from "../ports/clock.ts";

/** Pieces are small enough for this much of a second: whoever waits for the next one sees that there is progress. */
const piecesASecond = 10;
const smallestPieceBytes = 1024;
const largestPieceBytes = 256 * 1024;
/** What late timers hold up is made up for, as far as this goes. */
const burstMs = 250;

/**
 * Bounds how many bytes a second flow through it, all streams together: a token bucket that holds a quarter of a second.
 * In any stretch of time no more flows than the bound allows, that much more, and two pieces a stream.
 */
export class Throttle {
  readonly #clock: Clock;
  readonly #bytesPerSecond: number;
  readonly #pieceBytes: number;
  /** Until then what has been let through takes up all there is: the bucket is full `burstMs` after. */
  #takenUntilMs = Number.NEGATIVE_INFINITY;

  /** `bytesPerSecond` may be infinite: nothing waits then. */
  constructor(clock: Clock, bytesPerSecond: number) {
    this.#clock = clock;
    this.#bytesPerSecond = bytesPerSecond;
    const piece = Math.floor(bytesPerSecond / piecesASecond);
    this.#pieceBytes = Math.min(Math.max(piece, smallestPieceBytes), largestPieceBytes);
  }

  /** The same bytes in smaller pieces, not faster than the bound. Asks for no chunk before the one before has left. */
  async *pace(chunks: AsyncIterable<Uint8Array>, signal: AbortSignal): AsyncGenerator<Uint8Array, void, undefined> {
    for await (const chunk of chunks) {
      for (let start = 0; start < chunk.byteLength; start += this.#pieceBytes) {
        const piece = chunk.subarray(start, start + this.#pieceBytes);
        await this.#turn(piece.byteLength, signal);
        yield piece;
      }
    }
  }

  /** Whoever comes later waits longer: streams that flow at the same time share the bound. */
  async #turn(bytes: number, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    const now = this.#clock.now();
    const startMs = Math.max(now - burstMs, this.#takenUntilMs);
    this.#takenUntilMs = startMs + (bytes / this.#bytesPerSecond) * 1000;
    if (startMs > now) await this.#wait(startMs - now, signal);
  }

  #wait(delayMs: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const onAbort = () => {
        timer.cancel();
        reject(signal.reason);
      };
      const timer = this.#clock.setTimer(delayMs, () => {
        signal.removeEventListener("abort", onAbort);
        resolve();
      });
      signal.addEventListener("abort", onAbort, { once: true });
    });
  }
}
