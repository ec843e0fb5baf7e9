import type { StateStore } from "@raftkv/kv-server";
import { stateModelConformance, stateStoreConformance, storagePackageConformance } from "@raftkv/kv-server/testing";
import type { RaftStorage } from "@raftkv/raft-core";
import { raftStorageConformance } from "@raftkv/raft-core/testing";
import * as storageSqlite from "@raftkv/storage-sqlite";
import { describe, it, vi } from "vitest";
import { breakDisk, canBreakDisk, mendDisk } from "./testing/file-size-limit.ts";
import { Scratch } from "./testing/scratch.ts";

// The suites run over the built package, which is what others install; its threads also start faster than from sources.
// Each storage starts two threads, which takes a while on a busy machine.
vi.setConfig({ testTimeout: 120_000 });

interface Place<Store> {
  open(): Promise<Store>;
  remove(): Promise<void>;
}

/** The suites close one of the two stores: the place closes the other one, which holds the lock otherwise. */
async function place<Store>(pick: (storage: { raft: RaftStorage; state: StateStore }) => Store): Promise<Place<Store>> {
  const scratch = await Scratch.make(storageSqlite.open);
  return {
    async open() {
      await scratch.closeAll();
      return pick(await scratch.open());
    },
    remove: () => scratch.remove(),
  };
}

function breakable<Store>(whole: Place<Store>): Place<Store> & { breakDisk(): void } {
  return {
    open: () => whole.open(),
    breakDisk,
    async remove() {
      mendDisk();
      await whole.remove();
    },
  };
}

const raftPlace = () => place(({ raft }) => raft);
const statePlace = () => place(({ state }) => state);

raftStorageConformance(
  { describe, it },
  {
    durable: true,
    create: raftPlace,
    ...(canBreakDisk && { createBreakable: async () => breakable(await raftPlace()) }),
  },
);

stateStoreConformance(
  { describe, it },
  {
    durable: true,
    create: statePlace,
    ...(canBreakDisk && { createBreakable: async () => breakable(await statePlace()) }),
  },
);

storagePackageConformance(
  { describe, it },
  {
    durable: true,
    async create() {
      const scratch = await Scratch.make(storageSqlite.open);
      return { package: storageSqlite, dataDir: scratch.dataDir, remove: () => scratch.remove() };
    },
  },
);

stateModelConformance({ describe, it }, { create: statePlace, seed: 1, operations: 100_000 });
