import { existsSync } from "node:fs";
import { join } from "node:path";
import type { StateStore, Storage, StorageOptions } from "@raftkv/kv-server";
import * as sqlite from "@raftkv/storage-sqlite";

/*
 * A storage package for `--storage`: SQLite, but as long as there is a file `forget` in the data directory, the key
 * `forgotten` is not found in the state, as by an engine whose index is damaged, and says nothing.
 */

export const forgetFile = "forget";
export const forgottenKey = "forgotten";

export async function open(options: StorageOptions): Promise<Storage> {
  const storage = await sqlite.open(options);
  return { ...storage, state: forgetful(storage.state, join(options.dataDir, forgetFile)) };
}

function forgetful(state: StateStore, file: string): StateStore {
  const getMany: StateStore["getMany"] = async (keys) => {
    const rows = await state.getMany(keys);
    if (!existsSync(file)) return rows;
    return rows.map((row, i) => (Buffer.from(keys[i] ?? []).includes(forgottenKey) ? undefined : row));
  };
  return new Proxy(state, {
    get(target, name) {
      if (name === "getMany") return getMany;
      const member: unknown = Reflect.get(target, name);
      return typeof member === "function" ? member.bind(target) : member;
    },
  });
}
