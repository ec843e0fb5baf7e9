import type { Member, MembershipStep, NodeStatus } from "@raftkv/kv-client/admin";
import { CommandError } from "../../command-error.ts";
import { confirm } from "../../confirm.ts";
import { exitCodes } from "../../exit-code.ts";
import { changeOnceSettled } from "../../membership/settled-change.ts";
import type { GlobalOptions } from "../../options.ts";
import { changeText } from "../../output/change-format.ts";
import { writeOut } from "../../output/standard-output.ts";
import { realPace } from "../../real-pace.ts";
import { withAdmin } from "../../session.ts";

export interface ChangeOptions extends GlobalOptions {
  readonly force?: boolean;
  readonly yes?: boolean;
}

export interface OneChange {
  readonly nodeId: number;
  readonly step: MembershipStep;
  /** What is done to it, for people: "node 3 is removed". */
  readonly sentence: string;
  /** What is asked on a terminal first. Undefined: nothing, unless it is forced. */
  readonly question?: (member: Member, status: NodeStatus) => string;
}

/** What `--force` risks. */
export const forceRisk =
  "--force makes the change even if the voters that are alive are no quorum of what it leads to; if the others do not " +
  "come back, the cluster serves no writes any more.";

/** Makes a change of one member that exists, and tells what came of it. */
export async function changeOne(options: ChangeOptions, change: OneChange): Promise<void> {
  const { nodeId, step, sentence } = change;
  const { output, timeout, force = false, yes = false } = options;
  await withAdmin(options, async (admin) => {
    const before = await admin.leader();
    const member = before.members.find((other) => other.nodeId === nodeId);
    if (member === undefined) throw noSuchNode(nodeId, before.members);
    const question = [change.question?.(member, before), force ? `${forceRisk} Go on?` : undefined];
    const asked = question.filter((part) => part !== undefined).join(" ");
    if (asked !== "") await confirm(asked, { yes });
    const parts = { cluster: admin, pace: realPace };
    const after = await changeOnceSettled(parts, [step], { timeoutMs: timeout, force });
    await writeOut(changeText(output, { sentence, fields: { nodeId }, before: before.members, after }));
  });
}

export function noSuchNode(nodeId: number, members: readonly Member[]): CommandError {
  const names = members.map(({ nodeId: id, address }) => `${id} (${address})`).join(", ");
  return new CommandError(`there is no node ${nodeId}: the members are ${names}`, exitCodes.refused);
}
