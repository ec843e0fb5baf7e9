import { type ChangeOptions, changeOne } from "./change-one.ts";

export async function demoteMember(nodeId: number, options: ChangeOptions): Promise<void> {
  const step = { kind: "demote", nodeId } as const;
  await changeOne(options, { nodeId, step, sentence: `node ${nodeId} is a learner` });
}
