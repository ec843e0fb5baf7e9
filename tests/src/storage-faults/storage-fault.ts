import { StorageError } from "@raftkv/raft-core";

/** The calls of the storage ports that reach a disk, by name. Those that only look into memory cannot fail. */
export const storageCalls = [
  "open",
  "form",
  "load",
  "write",
  "entries",
  "compact",
  "saveSnapshot",
  "receiveSnapshot",
  "sink.write",
  "sink.commit",
  "sink.suspend",
  "sink.abort",
  "partialSnapshot",
  "openSnapshot",
  "snapshot.read",
  "snapshot.close",
  "removeSnapshotsBelow",
  "removePartialSnapshot",
  "close",
  "state.getMany",
  "state.scan",
  "state.write",
  "state.view",
  "state.view.rows",
  "state.view.close",
  "state.replace",
  "state.close",
] as const;

export type StorageCall = (typeof storageCalls)[number];

/** After one of these has failed, the storage is failed for good. */
const writing: ReadonlySet<StorageCall> = new Set([
  "form",
  "write",
  "compact",
  "saveSnapshot",
  "receiveSnapshot",
  "sink.write",
  "sink.commit",
  "sink.suspend",
  "sink.abort",
  "removeSnapshotsBelow",
  "removePartialSnapshot",
  "state.write",
  "state.replace",
]);

/**
 * `error`: nothing is done, and the call rejects. `errorAfterwards`: it is done, and rejects all the same, as a sync may
 * that fails. `crashBefore`, `crashAfterwards`: the process is gone, before anything is done or before anybody is told.
 */
export const waysToFail = ["error", "errorAfterwards", "crashBefore", "crashAfterwards"] as const;
export type WayToFail = (typeof waysToFail)[number];

/** Which call fails: the `occurrence`th of that name, counted from 1 over all processes of the node. */
export interface PlannedFault {
  readonly call: StorageCall;
  readonly occurrence: number;
  readonly way: WayToFail;
}

/** Counts a node's calls to storage over all of its processes, and has one of them fail. */
export class StorageFault {
  readonly counts = new Map<StorageCall, number>();
  #plan: PlannedFault | undefined;
  #struck = false;

  constructor(plan: PlannedFault | undefined) {
    this.#plan = plan;
  }

  /** The planned call was made. */
  get struck(): boolean {
    return this.#struck;
  }

  /** Nothing fails any more. */
  calm(): void {
    this.#plan = undefined;
  }

  /** How this call is to fail, if it is. */
  next(call: StorageCall): WayToFail | undefined {
    const occurrence = (this.counts.get(call) ?? 0) + 1;
    this.counts.set(call, occurrence);
    if (this.#plan?.call !== call || this.#plan.occurrence !== occurrence) return undefined;
    this.#struck = true;
    return this.#plan.way;
  }
}

/** One process's way to its storage: every call goes through it. */
export class StorageGate {
  readonly #fault: StorageFault;
  readonly #onCrash: () => void;
  #failure: StorageError | undefined;
  #gone = false;
  readonly #underWay = new Set<Promise<unknown>>();

  /** `onCrash` is called when the process is to be gone. */
  constructor(fault: StorageFault, onCrash: () => void) {
    this.#fault = fault;
    this.#onCrash = onCrash;
  }

  /** Resolves when the calls that are with the disk by now have come back; undefined: there are none. */
  get atWork(): Promise<unknown> | undefined {
    return this.#underWay.size === 0 ? undefined : Promise.allSettled(this.#underWay);
  }

  /** From now on nothing reaches the disk, and nobody hears of what does. */
  shut(): void {
    this.#gone = true;
  }

  async pass<Result>(call: StorageCall, run: () => Promise<Result>): Promise<Result> {
    if (this.#gone) return never();
    if (this.#failure !== undefined && call !== "close" && call !== "state.close") throw this.#failure;
    const way = this.#fault.next(call);
    if (way === "error") throw this.#fail(call);
    if (way === "crashBefore") return this.#crash();
    const running = run();
    this.#underWay.add(running);
    const result = await running.finally(() => this.#underWay.delete(running));
    if (way === "errorAfterwards") throw this.#fail(call);
    if (way === "crashAfterwards") return this.#crash();
    return this.#gone ? never() : result;
  }

  #fail(call: StorageCall): StorageError {
    const error = new StorageError("failed", `${call} was made to fail`);
    if (writing.has(call)) this.#failure = error;
    return error;
  }

  #crash<Result>(): Promise<Result> {
    this.shut();
    this.#onCrash();
    return never();
  }
}

function never<Result>(): Promise<Result> {
  return new Promise(() => undefined);
}
