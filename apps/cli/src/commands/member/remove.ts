import { describeVoters, votersOf } from "../../membership/quorum.ts";
import { type ChangeOptions, changeOne } from "./change-one.ts";

export async function removeMember(nodeId: number, options: ChangeOptions): Promise<void> {
  await changeOne(options, {
    nodeId,
    step: { kind: "remove", nodeId },
    sentence: `node ${nodeId} is removed`,
    question: ({ address, learner }, { members }) => {
      const left = votersOf(members).filter((member) => member.nodeId !== nodeId).length;
      const what = learner ? "a learner" : `a voter; that leaves ${describeVoters(left)}`;
      return `Remove node ${nodeId} at ${address}, ${what}?`;
    },
  });
}
