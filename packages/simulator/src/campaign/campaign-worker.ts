import { parentPort } from "node:worker_threads";
import { denseLoad } from "../plan/dense-load.ts";
import { simulate } from "../simulation.ts";
import { summaryOf, type WorkerTask } from "./run-summary.ts";

// Nodes and clients refuse all the time, and nobody reads where: a replay, in a process of its own, says it.
Error.stackTraceLimit = 0;

/** Runs what it is sent, one seed after the other, in a thread of its own. */
parentPort?.on("message", ({ seed, steps, dense }: WorkerTask) => {
  simulate({ seed, steps, ...(dense && { adjust: denseLoad }) }).then((report) =>
    parentPort?.postMessage(summaryOf(report)),
  );
});
