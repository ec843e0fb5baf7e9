import { parentPort } from "node:worker_threads";
import { simulate } from "../simulation.ts";
import { summaryOf, type WorkerTask } from "./run-summary.ts";

/** Runs what it is sent, one seed after the other, in a thread of its own. */
parentPort?.on("message", ({ seed, steps }: WorkerTask) => {
  simulate({ seed, steps }).then((report) => parentPort?.postMessage(summaryOf(report)));
});
