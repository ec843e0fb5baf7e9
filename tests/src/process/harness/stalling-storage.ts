import { existsSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import type { Storage, StorageOptions } from "@raftkv/kv-server";
import type { RaftStorage } from "@raftkv/raft-core";
import * as sqlite from "@raftkv/storage-sqlite";

/*
 * A storage package for `--storage`: SQLite, but for writes of the log that stand still as long as there is a file `stall`
 * in the data directory, as on a disk that does not answer.
 */

export const stallFile = "stall";

export async function open(options: StorageOptions): Promise<Storage> {
  const storage = await sqlite.open(options);
  return { ...storage, raft: stalling(storage.raft, join(options.dataDir, stallFile)) };
}

function stalling(raft: RaftStorage, file: string): RaftStorage {
  let turn = Promise.resolve();
  const write: RaftStorage["write"] = async (batch) => {
    turn = turn.then(() => whileThere(file));
    await turn;
    await raft.write(batch);
  };
  return new Proxy(raft, {
    get(target, name) {
      if (name === "write") return write;
      const member: unknown = Reflect.get(target, name);
      return typeof member === "function" ? member.bind(target) : member;
    },
  });
}

async function whileThere(file: string): Promise<void> {
  while (existsSync(file)) await delay(10);
}
