// Put, get, list and delete. Run it as often as you like.
import { RaftKv } from "@raftkv/kv-client";

const endpoints = (process.env.RAFTKV_ENDPOINTS ?? "127.0.0.1:50051").split(",");
await using kv = new RaftKv({ endpoints });

const { revision } = await kv.put("examples/users/ada", JSON.stringify({ name: "Ada" }));
console.log(`put ada at revision ${revision}`);

const entry = await kv.get("examples/users/ada");
if (entry === undefined) throw new Error("what was just written is gone");
console.log(`get ada: ${entry.text}, mod revision ${entry.modRevision}`);

// Concurrent calls share messages, log entries and disk commits by themselves.
await Promise.all(["grace", "linus"].map((name) => kv.put(`examples/users/${name}`, JSON.stringify({ name }))));

for await (const { key, text } of kv.range("examples/users/")) {
  console.log(`range: ${key} = ${text}`);
  const { deleted } = await kv.delete(key);
  console.log(`delete ${key}: ${deleted}`);
}

console.log(`get ada: ${await kv.get("examples/users/ada")}`);
