// What a call that is given up tells about its outcome.
import { RaftKv, RaftKvError } from "@raftkv/kv-client";

const endpoints = (process.env.RAFTKV_ENDPOINTS ?? "127.0.0.1:50051").split(",");
await using kv = new RaftKv({ endpoints });

async function report(name: string, call: Promise<unknown>): Promise<void> {
  try {
    await call;
    console.log(`${name}: done`);
  } catch (error) {
    if (!(error instanceof RaftKvError)) throw error;
    console.log(`${name}: ${error.code}, outcome unknown: ${error.outcomeUnknown}`);
  }
}

await report("in time", kv.put("examples/deadline", "1", { timeoutMs: 10_000 }));

// Given up before anything was sent: it certainly did not happen.
const abort = new AbortController();
const given = report("aborted", kv.put("examples/deadline", "2", { signal: abort.signal }));
abort.abort();
await given;
console.log(`still there: ${(await kv.get("examples/deadline"))?.text}`);

// Nobody listens on port 1: nothing can have been sent, and the deadline ends the attempts.
await using nowhere = new RaftKv({ endpoints: ["127.0.0.1:1"], timeoutMs: 200 });
await report("nobody there", nowhere.put("examples/deadline", "3"));

await report("no key", kv.put("", "4"));
await kv.delete("examples/deadline");
