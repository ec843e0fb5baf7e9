import { type ChangeOptions, changeOne } from "./change-one.ts";

export async function setPriority(nodeId: number, priority: number, options: ChangeOptions): Promise<void> {
  const step = { kind: "setPriority", nodeId, priority } as const;
  await changeOne(options, { nodeId, step, sentence: `node ${nodeId} has priority ${priority}` });
}
