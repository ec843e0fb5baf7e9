import { Worker } from "node:worker_threads";

export interface SearchOptions {
  /** Of the bug. */
  readonly name: string;
  readonly firstSeed: number;
  readonly seeds: number;
  readonly steps: number;
  /** Goes on after the first seed that finds it. */
  readonly all: boolean;
}

export interface Found {
  readonly seed: number;
  /** The how many-th run of the search it was. */
  readonly run: number;
  readonly invariant: string;
  readonly message: string;
}

/** Runs clusters with a bug put back, seed after seed, and resolves with those that noticed it. */
export function search(options: SearchOptions): Promise<readonly Found[]> {
  const found: Found[] = [];
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL("./search-worker.ts", import.meta.url), { workerData: options });
    worker.on("message", (message: Found) => found.push(message));
    worker.on("error", reject);
    worker.on("exit", () => resolve(found));
  });
}
