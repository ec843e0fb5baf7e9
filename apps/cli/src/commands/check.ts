import type { CheckReport } from "@raftkv/kv-client/admin";
import { CommandError } from "../command-error.ts";
import { exitCodes } from "../exit-code.ts";
import { withInterrupt } from "../interrupt.ts";
import { Interrupted } from "../membership/catch-up.ts";
import type { GlobalOptions } from "../options.ts";
import { checkJson, checkTable, differenceLine, incompleteLine } from "../output/check-format.ts";
import { formatBytes } from "../output/format-bytes.ts";
import { writeOut } from "../output/standard-output.ts";
import { stepProgress } from "../output/step-progress.ts";
import { realPace } from "../real-pace.ts";
import { withAdmin } from "../session.ts";

export async function check(options: GlobalOptions): Promise<void> {
  const report = await withInterrupt(
    () => "the members read on for a while, which changes nothing",
    (signal) => checked(options, signal),
  );
  await writeOut(options.output === "json" ? checkJson(report) : checkTable(report));
  if (report.outcome === "different") throw new CommandError(differenceLine(report), exitCodes.different);
  if (report.outcome === "incomplete") throw new CommandError(incompleteLine(report), exitCodes.unavailable);
}

async function checked(options: GlobalOptions, signal: AbortSignal): Promise<CheckReport> {
  const progress = stepProgress("check", formatBytes, process.stderr, realPace);
  try {
    const onProgress = (bytesRead: number, bytesTotal: number) => progress.update(bytesRead, bytesTotal);
    return await withAdmin(options, (admin) => admin.check({ signal, onProgress }));
  } catch (error) {
    if (signal.aborted) throw new Interrupted("interrupted: nothing was compared");
    throw error;
  } finally {
    progress.end();
  }
}
