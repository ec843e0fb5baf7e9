import type { WriteBatch } from "../../algorithm/effects.ts";
import type { Entry, HardState, Index, SnapshotMetadata, TermRun } from "../../algorithm/entry.ts";
import type { Membership } from "../../algorithm/membership.ts";
import type { RestoredState } from "../../algorithm/restored-state.ts";
import type { Identity } from "../../ports/identity.ts";
import type { RaftStorage, SnapshotReception, StorageUsage } from "../../ports/raft-storage.ts";
import type {
  PartialSnapshot,
  SnapshotContent,
  SnapshotSink,
  SnapshotSource,
  StoredSnapshot,
} from "../../ports/snapshot.ts";
import { contentOf, snapshotOf } from "../../testing/sample-snapshot.ts";

interface SnapshotFile {
  readonly metadata: SnapshotMetadata;
  readonly chunks: readonly Uint8Array[];
}

/** A log in memory whose writes can be held back, let through one by one, or failed. It survives a node's restart. */
export class TestStorage implements RaftStorage {
  #identity: Identity;
  #hardState: HardState = { term: 0, votedFor: undefined, commit: 0 };
  #base: SnapshotMetadata;
  #entries: Entry[] = [];
  #snapshot: SnapshotFile | undefined;
  #partial: (SnapshotFile & { readonly content: SnapshotContent }) | undefined;
  readonly #waiting: (() => void)[] = [];
  /** While true, writes wait for `release`. */
  holding = false;
  /** What every further write rejects with. */
  failure: Error | undefined;
  readonly writes: WriteBatch[] = [];
  readonly reads: { readonly from: Index; readonly to: Index }[] = [];

  constructor(nodeId: number, membership: Membership) {
    this.#identity = { nodeId, memberId: `member-${nodeId}`, incarnation: 1, clusterId: "test" };
    this.#base = { index: 0, term: 0, membership };
  }

  /** The base and the last index of what is durable. */
  get log(): { readonly base: Index; readonly last: Index } {
    return { base: this.#base.index, last: this.#last() };
  }

  get snapshotIndex(): Index | undefined {
    return this.#snapshot?.metadata.index;
  }

  restarted(): void {
    this.#identity = { ...this.#identity, incarnation: this.#identity.incarnation + 1 };
  }

  /** Lets the oldest write that is held back through. */
  release(): void {
    this.#waiting.shift()?.();
  }

  releaseAll(): void {
    this.holding = false;
    while (this.#waiting.length > 0) this.release();
  }

  identity(): Identity {
    return this.#identity;
  }

  async form(): Promise<void> {}

  async load(): Promise<RestoredState> {
    const termRuns: TermRun[] = [];
    for (const { index, term } of this.#entries)
      if (termRuns.at(-1)?.term !== term) termRuns.push({ from: index, term });
    const memberships = this.#entries.filter((entry) => entry.kind === "membership");
    return { hardState: this.#hardState, base: this.#base, lastIndex: this.#last(), termRuns, memberships };
  }

  async write(batch: WriteBatch): Promise<void> {
    this.writes.push(batch);
    if (this.holding) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    if (this.failure !== undefined) throw this.failure;
    const { hardState, resetTo, truncateFrom } = batch;
    if (hardState !== undefined) this.#hardState = hardState;
    if (resetTo !== undefined) this.#reset(resetTo);
    if (truncateFrom !== undefined) this.#entries.length = truncateFrom - this.#base.index - 1;
    this.#entries.push(...batch.append);
  }

  async entries(from: Index, to: Index, maxBytes: number): Promise<readonly Entry[]> {
    this.reads.push({ from, to });
    if (from <= this.#base.index) return [];
    const found = this.#entries.slice(from - this.#base.index - 1, to - this.#base.index);
    let bytes = 0;
    return found.filter((entry, position) => {
      bytes += entry.kind === "command" ? entry.payload.length : 0;
      return position === 0 || bytes <= maxBytes;
    });
  }

  async compact(base: SnapshotMetadata): Promise<void> {
    this.#entries = this.#entries.filter((entry) => entry.index > base.index);
    this.#base = base;
  }

  usage(): StorageUsage {
    const logBytes = this.#entries.reduce(
      (sum, entry) => sum + (entry.kind === "command" ? entry.payload.length : 0),
      0,
    );
    return { logBytes, snapshotBytes: 0, firstIndex: this.#base.index + 1, lastIndex: this.#last() };
  }

  async saveSnapshot(source: SnapshotSource): Promise<void> {
    const chunks: Uint8Array[] = [];
    for await (const chunk of source.read()) chunks.push(chunk);
    this.#snapshot = { metadata: source.metadata, chunks };
  }

  async receiveSnapshot({ metadata, content, from }: SnapshotReception): Promise<SnapshotSink> {
    const chunks: Uint8Array[] = from === 0 ? [] : [...(this.#partial?.chunks ?? [])];
    if (contentOf(chunks).bytes !== from) throw new Error(`nothing is held that ends at byte ${from}`);
    return {
      write: async (chunk) => {
        chunks.push(chunk);
      },
      commit: async () => {
        if (content?.digest !== contentOf(chunks).digest) throw new Error("these are other bytes");
        this.#partial = undefined;
        this.#snapshot = { metadata, chunks };
      },
      suspend: async () => {
        if (content !== undefined) this.#partial = { metadata, content, chunks };
      },
      abort: async () => {},
    };
  }

  async partialSnapshot(): Promise<PartialSnapshot | undefined> {
    if (this.#partial === undefined) return undefined;
    const { metadata, content, chunks } = this.#partial;
    return { metadata, content, bytes: contentOf(chunks).bytes };
  }

  async removePartialSnapshot(): Promise<void> {
    this.#partial = undefined;
  }

  async openSnapshot(): Promise<StoredSnapshot | undefined> {
    return this.#snapshot && snapshotOf(this.#snapshot.metadata, this.#snapshot.chunks);
  }

  async removeSnapshotsBelow(index: Index): Promise<void> {
    if (this.#snapshot !== undefined && this.#snapshot.metadata.index < index) this.#snapshot = undefined;
  }

  async close(): Promise<void> {}

  #reset(base: SnapshotMetadata): void {
    const at = this.#entries.find((entry) => entry.index === base.index);
    this.#entries = at?.term === base.term ? this.#entries.filter((entry) => entry.index > base.index) : [];
    this.#base = base;
  }

  #last(): Index {
    return this.#entries.at(-1)?.index ?? this.#base.index;
  }
}
