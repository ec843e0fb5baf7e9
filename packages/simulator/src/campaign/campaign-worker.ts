import { parentPort } from "node:worker_threads";
import { denseLoad } from "../plan/dense-load.ts";
import { simulate } from "../simulation.ts";
import { summaryOf, type WorkerTask } from "./run-summary.ts";

/** Runs what it is sent, one seed after the other, in a thread of its own. */
parentPort?.on("message", ({ seed, steps, dense }: WorkerTask) => {
  simulate({ seed, steps, ...(dense && { adjust: denseLoad }) }).then((report) =>
    parentPort?.postMessage(summaryOf(report)),
  );
});
