import type { Storage, StorageOptions } from "@raftkv/kv-server";
import {
  type BreakableStatePlace,
  stateModelConformance,
  stateStoreConformance,
  storagePackageConformance,
} from "@raftkv/kv-server/testing";
import { type BreakableStoragePlace, raftStorageConformance } from "@raftkv/raft-core/testing";
import { describe, it, vi } from "vitest";
import { MemoryDisk } from "./disk/memory-disk.ts";
import { open } from "./open.ts";

// The long run against the model takes a while on a busy machine.
vi.setConfig({ testTimeout: 120_000 });

const options: StorageOptions = {
  dataDir: "/nowhere",
  nodeId: 1,
  newMemberId: () => "member-1",
  onFailure: () => {},
};

/** A disk of which one store is opened; the other is closed at once. */
function breakablePlace<Store>(pick: (storage: Storage) => Promise<Store>) {
  let broken = false;
  const disk = new MemoryDisk({
    beforeWrite: () => {
      if (broken) throw new Error("input/output error");
    },
  });
  return {
    open: async () => pick(await disk.open(options)),
    breakDisk: () => {
      broken = true;
    },
    remove: async () => {},
  };
}

async function raftAlone({ raft, state }: Storage) {
  await state.close();
  return raft;
}

async function stateAlone({ raft, state }: Storage) {
  await raft.close();
  return state;
}

describe("a storage that is gone when it is closed", () => {
  raftStorageConformance(
    { describe, it },
    { durable: false, create: async () => ({ open: async () => (await open(options)).raft, remove: async () => {} }) },
  );
  stateStoreConformance(
    { describe, it },
    { durable: false, create: async () => ({ open: async () => (await open(options)).state, remove: async () => {} }) },
  );
  storagePackageConformance(
    { describe, it },
    { durable: false, create: async () => ({ package: { open }, dataDir: "/nowhere", remove: async () => {} }) },
  );
});

describe("a memory disk", () => {
  const raftPlace = async (): Promise<BreakableStoragePlace> => breakablePlace(raftAlone);
  const statePlace = async (): Promise<BreakableStatePlace> => breakablePlace(stateAlone);
  raftStorageConformance({ describe, it }, { durable: true, create: raftPlace, createBreakable: raftPlace });
  stateStoreConformance({ describe, it }, { durable: true, create: statePlace, createBreakable: statePlace });
  stateModelConformance({ describe, it }, { create: statePlace, seed: 1, operations: 100_000 });
  storagePackageConformance(
    { describe, it },
    {
      durable: true,
      create: async () => ({ package: new MemoryDisk(), dataDir: "/nowhere", remove: async () => {} }),
    },
  );
});
