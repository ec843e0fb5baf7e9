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

/** What `saveSnapshot` and `state.replace` read from. */
const readByStorage: ReadonlySet<StorageCall> = new Set(["snapshot.read", "state.view.rows"]);

/**
 * `error`: nothing is done, and the call rejects. `errorAfterwards`: it is done, and rejects all the same, as a sync may
 * that fails. `crashBefore`, `crashAfterwards`: the process is gone, before anything is done or before anybody is told.
 */
export const waysToFail = ["error", "errorAfterwards", "crashBefore", "crashAfterwards"] as const;
export type WayToFail = (typeof waysToFail)[number];

/** How the `occurrence`th call of that name fails, counted from 1 over all processes of the node; undefined: it does not. */
export type FaultPlan = (call: StorageCall, occurrence: number) => WayToFail | undefined;

/** Counts a node's calls to storage over all of its processes, and has some of them fail. */
export class StorageFault {
  readonly counts = new Map<StorageCall, number>();
  #plan: FaultPlan;
  #struck = 0;

  constructor(plan: FaultPlan = () => undefined) {
    this.#plan = plan;
  }

  /** So many calls have failed. */
  get struck(): number {
    return this.#struck;
  }

  /** Nothing fails any more. */
  calm(): void {
    this.#plan = () => undefined;
  }

  /** How this call is to fail, if it is. */
  next(call: StorageCall): WayToFail | undefined {
    const occurrence = (this.counts.get(call) ?? 0) + 1;
    this.counts.set(call, occurrence);
    const way = this.#plan(call, occurrence);
    if (way !== undefined) this.#struck++;
    return way;
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
    if (this.#gone) return this.#silence(call);
    if (this.#failure !== undefined && call !== "close" && call !== "state.close") throw this.#failure;
    const way = this.#fault.next(call);
    if (way === "error") throw this.#fail(call);
    if (way === "crashBefore") return this.#crash(call);
    const running = run();
    this.#underWay.add(running);
    const result = await running.finally(() => this.#underWay.delete(running));
    if (way === "errorAfterwards") throw this.#fail(call);
    if (way === "crashAfterwards") return this.#crash(call);
    return this.#gone ? this.#silence(call) : result;
  }

  #fail(call: StorageCall): StorageError {
    const error = new StorageError("failed", `${call} was made to fail`);
    if (writing.has(call)) this.#failure = error;
    return error;
  }

  #crash<Result>(call: StorageCall): Promise<Result> {
    this.shut();
    this.#onCrash();
    return this.#silence(call);
  }

  /** Nobody is there to hear anything; but where storage itself reads on behalf of another call, that call has to end. */
  #silence<Result>(call: StorageCall): Promise<Result> {
    if (readByStorage.has(call)) return Promise.reject(new Error("the process is gone"));
    return new Promise(() => undefined);
  }
}
