import { Code, ConnectError } from "@connectrpc/connect";
import { envelopeHeaderBytes } from "./envelope.ts";

/**
 * Finds the messages in what a stream delivers, however it is cut. Holds the beginning of one message at most, and refuses
 * one that is larger than `maxBytes` as soon as its length is known.
 */
export class EnvelopeReader {
  readonly #maxBytes: number;
  #held: Buffer[] = [];
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
    this.#held.push(chunk);
    this.#heldBytes += chunk.byteLength;
    if (this.#heldBytes < this.#wantedBytes) return;
    const bytes = this.#held.length === 1 ? chunk : Buffer.concat(this.#held);
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
    this.#held = this.#heldBytes === 0 ? [] : [bytes.subarray(begin)];
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
