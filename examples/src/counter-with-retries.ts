// A counter with one writer. The client retries by itself, and a retried write is applied once. What is left to the
// application is the case in which the deadline passes with no answer: `outcomeUnknown` says that the write may have
// happened, and a read tells.
import { RaftKv, RaftKvError } from "@raftkv/kv-client";

const endpoints = (process.env.RAFTKV_ENDPOINTS ?? "127.0.0.1:50051").split(",");
await using kv = new RaftKv({ endpoints, timeoutMs: 2_000 });

const key = "examples/counter";

/** Writes the value, and returns only once it certainly stands there. */
async function store(value: number): Promise<void> {
  for (let attempt = 1; attempt <= 10; attempt++) {
    try {
      await kv.put(key, String(value));
      return;
    } catch (error) {
      if (!(error instanceof RaftKvError)) throw error;
      console.log(`attempt ${attempt} at ${value}: ${error.code}, outcome unknown: ${error.outcomeUnknown}`);
      if (error.outcomeUnknown && (await readCounter()) === value) return;
    }
  }
  throw new Error(`could not write ${value}`);
}

async function readCounter(): Promise<number> {
  return Number((await kv.get(key))?.text ?? 0);
}

await kv.delete(key);
for (let value = 1; value <= 20; value++) await store((await readCounter()) + 1);
const final = await kv.get(key);
console.log(`counted to ${final?.text}, in ${final?.version} writes`);
