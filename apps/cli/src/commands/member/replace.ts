import { confirm } from "../../confirm.ts";
import { withInterrupt } from "../../interrupt.ts";
import { ReplaceMember } from "../../membership/replace-member.ts";
import { changeText } from "../../output/change-format.ts";
import { progressDisplay } from "../../output/progress-display.ts";
import { writeOut } from "../../output/standard-output.ts";
import { realPace } from "../../real-pace.ts";
import { withAdmin } from "../../session.ts";
import { type ChangeOptions, forceRisk } from "./change-one.ts";

export interface ReplaceOptions extends ChangeOptions {
  /** Milliseconds. */
  readonly stallTimeout: number;
}

export async function replace(nodeId: number, address: string, options: ReplaceOptions): Promise<void> {
  const { timeout, stallTimeout, force = false, yes = false, output } = options;
  if (force) await confirm(`${forceRisk} Go on?`, { yes });
  const display = progressDisplay(process.stderr, realPace);
  await withAdmin(options, async (admin) => {
    const plan = { nodeId, address, force, timeoutMs: timeout, stallTimeoutMs: stallTimeout };
    const operation = new ReplaceMember({ cluster: admin, pace: realPace }, plan, display);
    const { by, changed, status } = await withInterrupt(
      () => operation.leftBehind(),
      (signal) => operation.run(signal).finally(() => display.end()),
    );
    const sentence = changed
      ? `node ${by.nodeId} at ${by.address} has taken the place of node ${nodeId}`
      : `there is no node ${nodeId}, and node ${by.nodeId} at ${by.address} is a voter: nothing is left to do`;
    const fields = { replaced: nodeId, nodeId: by.nodeId, changed };
    await writeOut(changeText(output, { sentence, fields, before: status.members, after: status }));
  });
}
