import type { Storage, StorageOptions, StoragePackage } from "@raftkv/kv-server";
import { StorageError } from "@raftkv/raft-core";
import { MemoryRaftStorage } from "../raft/memory-raft-storage.ts";
import { MemoryStateStore } from "../state/memory-state-store.ts";
import { type DiskImage, freshImage } from "./disk-image.ts";
import type { MemoryDiskOptions, SurvivingWrites } from "./memory-disk-options.ts";
import { WriteQueue } from "./write-queue.ts";

/** Those who have a disk open: the two stores of one node, until both are closed. */
interface Mount {
  readonly raft: WriteQueue;
  readonly state: WriteQueue;
  open: number;
}

/**
 * A disk in memory that outlives the storage opened on it, so that a test can restart a node: close and open again, or
 * crash and open again. One disk holds the data of one node; `dataDir` plays no part.
 */
export class MemoryDisk implements StoragePackage {
  readonly #options: MemoryDiskOptions;
  #image: DiskImage | undefined;
  #mount: Mount | undefined;

  constructor(options: MemoryDiskOptions = {}) {
    this.#options = options;
  }

  /** Opens what is on the disk. Rejects with `locked` while it is open, with `wrongOwner` for another node. */
  async open(options: StorageOptions): Promise<Storage> {
    if (this.#mount) {
      throw new StorageError("locked", `The disk of node ${options.nodeId ?? 1} is open already; close it first.`);
    }
    const image = this.#imageOf(options);
    image.identity = { ...image.identity, incarnation: image.identity.incarnation + 1 };
    this.#image = image;
    return this.#mountOn(image, options.onFailure);
  }

  /**
   * The process is gone: its stores refuse every call as `closed`, and the writes that have not resolved are lost, but
   * for so many of the first in each store: a write may be durable before anybody is told.
   */
  crash(surviving: SurvivingWrites = { raft: 0, state: 0 }): void {
    this.#mount?.raft.crash(surviving.raft, surviving.snapshots);
    this.#mount?.state.crash(surviving.state);
    this.#mount = undefined;
  }

  #imageOf({ nodeId, newMemberId }: StorageOptions): DiskImage {
    const image = this.#image ?? freshImage(nodeId ?? 1, newMemberId());
    if (nodeId === undefined || image.identity.nodeId === nodeId) return image;
    throw new StorageError(
      "wrongOwner",
      `The disk belongs to node ${image.identity.nodeId}, and was opened for node ${nodeId}. Give node ${nodeId} its own.`,
    );
  }

  #mountOn(image: DiskImage, onFailure: (error: Error) => void): Storage {
    const beforeWrite = this.#options.beforeWrite ?? (() => {});
    const failOnce = once(onFailure);
    const raft = new WriteQueue("raft", beforeWrite, failOnce);
    const state = new WriteQueue("state", beforeWrite, failOnce);
    const mount: Mount = { raft, state, open: 2 };
    this.#mount = mount;
    return {
      raft: new MemoryRaftStorage(
        image,
        raft,
        once(() => this.#release(mount)),
      ),
      state: new MemoryStateStore(
        image,
        state,
        once(() => this.#release(mount)),
      ),
    };
  }

  #release(mount: Mount): void {
    mount.open -= 1;
    if (mount.open === 0 && this.#mount === mount) this.#mount = undefined;
  }
}

function once<Args extends readonly unknown[]>(run: (...args: Args) => void): (...args: Args) => void {
  let done = false;
  return (...args) => {
    if (done) return;
    done = true;
    run(...args);
  };
}
