import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Storage, StorageOptions, StoragePackage } from "@raftkv/kv-server";
import { open as openFromSources } from "../open.ts";

/** A data directory that tests open again and again. */
export class Scratch {
  readonly dataDir: string;
  readonly failures: Error[] = [];
  readonly #open: StoragePackage["open"];
  #opened: Storage[] = [];
  #made = 0;

  private constructor(dataDir: string, open: StoragePackage["open"]) {
    this.dataDir = dataDir;
    this.#open = open;
  }

  static async make(open: StoragePackage["open"] = openFromSources): Promise<Scratch> {
    return new Scratch(join(await mkdtemp(join(tmpdir(), "raftkv-sqlite-")), "data"), open);
  }

  options(changes: Partial<StorageOptions> = {}): StorageOptions {
    return {
      dataDir: this.dataDir,
      nodeId: 1,
      newMemberId: () => `member-${++this.#made}`,
      onFailure: (error) => this.failures.push(error),
      ...changes,
    };
  }

  async open(changes: Partial<StorageOptions> = {}): Promise<Storage> {
    const storage = await this.#open(this.options(changes));
    this.#opened.push(storage);
    return storage;
  }

  file(...path: readonly string[]): string {
    return join(this.dataDir, ...path);
  }

  /** Closes what is open: one that has failed as well, whatever it says. */
  async closeAll(): Promise<void> {
    const opened = this.#opened;
    this.#opened = [];
    await Promise.allSettled(opened.flatMap(({ raft, state }) => [raft.close(), state.close()]));
  }

  async remove(): Promise<void> {
    await this.closeAll();
    await rm(join(this.dataDir, ".."), { recursive: true, force: true });
  }
}
