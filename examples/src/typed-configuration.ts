// A store of configuration: checked by a schema on the way in and out, in a namespace of its own, changed by several writers
// at once without losing a change, and followed by whoever runs by it.
import { RaftKv, RaftKvError } from "@raftkv/kv-client";
import { z } from "zod";

const endpoints = (process.env.RAFTKV_ENDPOINTS ?? "127.0.0.1:50051").split(",");
await using kv = new RaftKv({ endpoints, timeoutMs: 10_000 });

const Service = z.object({
  replicas: z.number().int().min(1).max(20),
  logLevel: z.enum(["debug", "info", "warn"]).default("info"),
});
const services = kv.namespace("examples/configuration/").typed({ value: Service });

await services.deleteRange({ all: true });
await services.put("web", { replicas: 2 });
await services.put("worker", { replicas: 1, logLevel: "debug" });
for await (const { key, value } of services.range()) console.log(`${key}: ${value.replicas}, logs ${value.logLevel}`);

// What does not fit is refused before it is sent.
try {
  await services.put("web", { replicas: 0 });
} catch (error) {
  if (!(error instanceof RaftKvError)) throw error;
  console.log(`${error.code}: ${error.message}`);
}

// Five writers scale up at once. Each update reads, changes and writes by a transaction, and begins again where another one was
// faster: none is lost.
const scaleUp = () =>
  services.update("web", (web) => {
    if (web === undefined) throw new Error("there is no such service");
    return { ...web, replicas: web.replicas + 1 };
  });
await Promise.all(Array.from({ length: 5 }, scaleUp));
const web = await services.get("web");
console.log(`web after five updates: ${web?.value.replicas}`);

// Two services change together, or neither does.
const moved = await services.transaction({
  if: [services.compare("web").modRevision.equals(web?.modRevision ?? 0)],
  do: [services.step.put("web", { replicas: 5 }), services.step.put("worker", { replicas: 3 })],
  else: [services.step.get("web")],
});
console.log(`moved two replicas: ${moved.succeeded}`);

// Whoever runs by the configuration has it whole first, and then each change.
let replicas = 0;
for await (const change of services.observe()) {
  if (change.kind === "present") replicas += change.entry.value.replicas;
  if (change.kind === "listed") {
    console.log(`${replicas} replicas in all`);
    await services.delete("worker");
  }
  if (change.kind !== "delete") continue;
  console.log(`${change.key} is gone`);
  break;
}
await services.deleteRange({ all: true });
