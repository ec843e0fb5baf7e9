import { type ChangeOptions, changeOne } from "./change-one.ts";

export async function promoteMember(nodeId: number, options: ChangeOptions): Promise<void> {
  const step = { kind: "promote", nodeId } as const;
  await changeOne(options, { nodeId, step, sentence: `node ${nodeId} is a voter` });
}
