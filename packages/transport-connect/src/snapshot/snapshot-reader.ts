import type { InstallSnapshotRequest } from "@raftkv/proto/raft";
import type { Clock } from "@raftkv/raft-core";
import { verifiedChunk } from "../codec/snapshot-codec.ts";
import { WireError } from "../codec/wire-error.ts";
import { fromWire } from "../codec/wire-number.ts";
import { withDeadline } from "../deadline.ts";

/** The chunks of one incoming snapshot, each verified before it is handed on. */
export class SnapshotReader {
  readonly #requests: AsyncIterator<InstallSnapshotRequest>;
  readonly #clock: Clock;
  readonly #timeoutMs: number;
  #offset: number;
  #isWhole = false;

  /** `requests` stands behind the header; the first chunk begins at `offset`. A chunk may be `timeoutMs` away. */
  constructor(requests: AsyncIterator<InstallSnapshotRequest>, offset: number, clock: Clock, timeoutMs: number) {
    this.#offset = offset;
    this.#requests = requests;
    this.#clock = clock;
    this.#timeoutMs = timeoutMs;
  }

  /** Every byte has been handed out, and the size is what the sender says. */
  get isWhole(): boolean {
    return this.#isWhole;
  }

  /** Can be read once. Throws a `WireError` for a wrong offset, checksum or size, or a stream that breaks off. */
  async *chunks(): AsyncGenerator<Uint8Array> {
    for (;;) {
      const { request } = await this.#next();
      switch (request.case) {
        case "chunk": {
          const data = verifiedChunk(request.value, this.#offset);
          this.#offset += data.byteLength;
          yield data;
          break;
        }
        case "end":
          return this.#finish(fromWire(request.value.size, "snapshot_end.size"));
        case "header":
        case undefined:
          throw new WireError(`the snapshot's stream has ${request.case ?? "nothing known"} where a chunk belongs`);
      }
    }
  }

  async #next(): Promise<InstallSnapshotRequest> {
    const next = await withDeadline(
      this.#requests.next(),
      this.#clock,
      this.#timeoutMs,
      () => new WireError(`the snapshot has stood still at ${this.#offset} bytes for ${this.#timeoutMs} ms`),
    );
    if (next.done === true) throw new WireError(`the snapshot's stream broke off after ${this.#offset} bytes`);
    return next.value;
  }

  #finish(size: number): void {
    if (size !== this.#offset) {
      throw new WireError(`the snapshot has ${this.#offset} bytes, its sender says ${size}`);
    }
    this.#isWhole = true;
  }
}
