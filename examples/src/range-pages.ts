// Many keys: written together, counted a page at a time, and cleared away again.
import { RaftKv } from "@raftkv/kv-client";

const endpoints = (process.env.RAFTKV_ENDPOINTS ?? "127.0.0.1:50051").split(",");
await using kv = new RaftKv({ endpoints, timeoutMs: 10_000 });

const keys = Array.from({ length: 250 }, (_, index) => `examples/pages/${String(index).padStart(3, "0")}`);
await Promise.all(keys.map((key) => kv.put(key, `value of ${key}`)));

let count = 0;
for await (const { value } of kv.range("examples/pages/", { pageSize: 100, keysOnly: true })) {
  if (value.length > 0) throw new Error("a value came along");
  count++;
}
console.log(`${count} keys in pages of 100`);

const some: string[] = [];
for await (const { key } of kv.range({ from: "examples/pages/100", to: "examples/pages/200", limit: 3 }))
  some.push(key);
console.log(`from 100, at most 3: ${some.join(", ")}`);

const ends = await Promise.all(keys.map((key) => kv.delete(key)));
console.log(`${ends.filter(({ deleted }) => deleted).length} keys deleted`);
