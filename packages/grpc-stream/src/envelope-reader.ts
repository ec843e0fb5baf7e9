import { Code, ConnectError } from "@connectrpc/connect";
import { envelopeHeaderBytes } from "./envelope.ts";

/** Where a beginning does not fit, so many times as much room is made: few copies of what comes in few pieces. */
const growth = 4;
const nothing = Buffer.alloc(0);

/**
 * Finds the messages in what a stream delivers, however it is cut. Holds the beginning of one message at most, in one
 * piece: a byte at a time takes no more memory. Refuses one that is larger than `maxBytes` as soon as its length is known.
 */
export class EnvelopeReader {
  readonly #maxBytes: number;
  /** Begins with what is held; has more room only where it is a copy. */
  #held: Buffer = nothing;
  #heldBytes = 0;
  /** So much has to be there before looking at it is of use. */
  #wantedBytes = envelopeHeaderBytes;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** Whether the stream may end here: not in the middle of a message. */
  get isEmpty(): boolean {
    return this.#heldBytes === 0;
  }

  /**
   * Calls `take` with each message that `chunk` completes, in order. Whoever keeps a part of one keeps no more than twice
   * its size in memory. Throws a `ConnectError` for what is no such message: the stream makes no sense from there on.
   */
  read(chunk: Buffer, take: (message: Uint8Array) => void): void {
    const bytes = this.#heldBytes === 0 ? chunk : this.#append(chunk);
    if (bytes.byteLength < this.#wantedBytes) {
      if (this.#heldBytes === 0) this.#held = chunk;
      this.#heldBytes = bytes.byteLength;
      return;
    }
    this.#wantedBytes = envelopeHeaderBytes;
    let begin = 0;
    while (bytes.byteLength - begin >= envelopeHeaderBytes) {
      const end = begin + envelopeHeaderBytes + this.#lengthAt(bytes, begin);
      if (end > bytes.byteLength) {
        this.#wantedBytes = end - begin;
        break;
      }
      take(messageIn(bytes, begin + envelopeHeaderBytes, end));
      begin = end;
    }
    this.#heldBytes = bytes.byteLength - begin;
    this.#held = this.#heldBytes === 0 ? nothing : bytes.subarray(begin);
  }

  /** What is held, and then `chunk`. Messages that were given out are views of the same bytes: those have no room left. */
  #append(chunk: Buffer): Buffer {
    const neededBytes = this.#heldBytes + chunk.byteLength;
    if (neededBytes > this.#held.byteLength) {
      const roomBytes = Math.max(neededBytes, Math.min(growth * this.#heldBytes, this.#wantedBytes));
      const larger = Buffer.allocUnsafeSlow(roomBytes);
      this.#held.copy(larger, 0, 0, this.#heldBytes);
      this.#held = larger;
    }
    chunk.copy(this.#held, this.#heldBytes);
    return this.#held.subarray(0, neededBytes);
  }

  #lengthAt(bytes: Buffer, begin: number): number {
    const flags = bytes.readUInt8(begin);
    if (flags !== 0) {
      throw new ConnectError(`a message has the flags ${flags}: compression was not agreed on`, Code.Internal);
    }
    const length = bytes.readUInt32BE(begin + 1);
    if (length > this.#maxBytes) {
      throw new ConnectError(
        `a message has ${length} bytes, at most ${this.#maxBytes} are allowed`,
        Code.ResourceExhausted,
      );
    }
    return length;
  }
}

/** A view where it is most of what it is a view of, else a copy. Never a `Buffer`: its fields are handed to users. */
function messageIn(bytes: Buffer, begin: number, end: number): Uint8Array {
  const view = new Uint8Array(bytes.buffer, bytes.byteOffset + begin, end - begin);
  return 2 * view.byteLength < bytes.byteLength ? view.slice() : view;
}
