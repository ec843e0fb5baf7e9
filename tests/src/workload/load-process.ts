import { createInterface } from "node:readline";
import { HistoryRecorder } from "@raftkv/simulator/history";
import { checkedHistory } from "./checked-history.ts";
import { ClientLoad } from "./client-load.ts";

// node load-process.ts ENDPOINTS CLIENTS SEED: a client load in a process of its own, which can run on another host.
// Takes one command a line and answers each with a line of JSON: `service-again`, `next-keys`, and `stop`, which ends it
// and checks the histories.
const [endpoints = "", clients = "1", seed = "1"] = process.argv.slice(2);
const recorder = new HistoryRecorder();
const load = new ClientLoad({
  endpoints: endpoints.split(","),
  clients: Number(clients),
  recorder,
  seed: Number(seed),
  keys: 8,
  timeoutMs: 15_000,
});

async function answer(command: string): Promise<unknown> {
  switch (command) {
    case "service-again":
      return load.serviceAgain();
    case "next-keys":
      load.nextKeys();
      return null;
    case "stop":
      await load.stop();
      return checkedHistory(recorder, "load-process");
    default:
      throw new Error(`there is no command ${command}`);
  }
}

for await (const command of createInterface({ input: process.stdin })) {
  console.log(JSON.stringify(await answer(command)));
  if (command === "stop") break;
}
process.exit(0);
