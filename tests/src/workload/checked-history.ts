import { mkdirSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { BrokenHistory, type HistoryRecorder, type HistorySummary } from "@raftkv/simulator/history";

const failures = new URL("../../failures/", import.meta.url);

/** Has a history checked; what breaks it is drawn in a file named after the test, which the error names. */
export function checkedHistory(recorder: HistoryRecorder, name: string): HistorySummary {
  try {
    return recorder.check();
  } catch (error) {
    if (!(error instanceof BrokenHistory)) throw error;
    mkdirSync(failures, { recursive: true });
    const file = fileURLToPath(new URL(`${name}.html`, failures));
    writeFileSync(file, error.page);
    throw new Error(`${error.message}\ndrawn in ${file}`, { cause: error });
  }
}
