import { confirm } from "../../confirm.ts";
import { withInterrupt } from "../../interrupt.ts";
import { addMember, roleOf } from "../../membership/add-member.ts";
import { changeText } from "../../output/change-format.ts";
import { progressDisplay } from "../../output/progress-display.ts";
import { writeOut } from "../../output/standard-output.ts";
import { realPace } from "../../real-pace.ts";
import { withAdmin } from "../../session.ts";
import { type ChangeOptions, forceRisk } from "./change-one.ts";

export interface AddOptions extends ChangeOptions {
  readonly learner?: boolean;
  readonly voter?: boolean;
  readonly wait?: boolean;
  readonly priority: number;
  /** Milliseconds. */
  readonly stallTimeout: number;
}

export async function add(address: string, options: AddOptions): Promise<void> {
  const { learner, voter, wait = true, force = false, yes = false, priority, timeout, stallTimeout, output } = options;
  if (force) await confirm(`${forceRisk} Go on?`, { yes });
  const as = learner ? "learner" : voter ? "voter" : "promoted";
  const plan = { address, as, priority, wait, force, timeoutMs: timeout, stallTimeoutMs: stallTimeout } as const;
  const display = progressDisplay(process.stderr, realPace);
  await withAdmin(options, async (admin) => {
    const parts = { cluster: admin, pace: realPace };
    const { member, added, before, after } = await withInterrupt(
      () => undefined,
      (signal) => addMember(parts, plan, display, signal).finally(() => display.end()),
    );
    const { nodeId } = member;
    const sentence = `node ${nodeId} at ${address} is ${roleOf(member)}`;
    await writeOut(changeText(output, { sentence, fields: { nodeId, added }, before: before.members, after }));
  });
}
