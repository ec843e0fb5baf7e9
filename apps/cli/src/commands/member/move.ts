import { type ChangeOptions, changeOne } from "./change-one.ts";

export async function moveMember(nodeId: number, address: string, options: ChangeOptions): Promise<void> {
  const step = { kind: "move", nodeId, address } as const;
  await changeOne(options, { nodeId, step, sentence: `node ${nodeId} is at ${address}` });
}
