import { type RaftKv, step } from "@raftkv/kv-client";
import type { Etcd3 } from "etcd3";

/** 100 bytes. */
export const smallValue = new Uint8Array(100).fill(7);

/** Puts of one transaction, as many as etcd takes unless told. */
const together = 128;
/** Transactions under way at a time. */
const transactions = 32;

/** In the order of their numbers. */
export function numberedKey(number: number): string {
  return `large/${String(number).padStart(9, "0")}`;
}

/** Runs `task` for 0, 1, … `count` - 1, so many at a time. */
export async function eachOf(count: number, atATime: number, task: (number: number) => Promise<unknown>) {
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < count) await task(next++);
  };
  await Promise.all(Array.from({ length: Math.min(atATime, count) }, worker));
}

/** So many keys of 15 and values of 100 bytes, in transactions. */
export function fillRaftKv(kv: RaftKv, keys: number): Promise<void> {
  return eachOf(Math.ceil(keys / together), transactions, (number) => {
    const steps = numbersOf(number, keys).map((key) => step.put(numberedKey(key), smallValue));
    return kv.transaction({ do: steps });
  });
}

/** The same. */
export function fillEtcd(etcd: Etcd3, keys: number): Promise<void> {
  const value = Buffer.from(smallValue);
  return eachOf(Math.ceil(keys / together), transactions, (number) => {
    const puts = numbersOf(number, keys).map((key) => etcd.put(numberedKey(key)).value(value));
    return etcd
      .if(numberedKey(0), "Version", ">", -1)
      .then(...puts)
      .commit();
  });
}

function numbersOf(transaction: number, keys: number): readonly number[] {
  const first = transaction * together;
  return Array.from({ length: Math.min(together, keys - first) }, (_, place) => first + place);
}
