import type { TestNode } from "../harness/test-node.ts";

/** What is missing until all of these nodes agree on everything; undefined: nothing. */
export function lacksAgreement(members: readonly TestNode[]): string | undefined {
  const [first] = members;
  if (first === undefined) return "somebody is there";
  const { index, checksum } = first.state;
  for (const { raft, state } of members) {
    if (state.index !== index || state.checksum !== checksum) return "all have applied the same";
    const { last, progress } = raft.status();
    if (last.index !== index) return "everything is applied";
    if (progress.some((peer) => peer.state !== "replicate")) return "every follower is in replicate";
  }
  return undefined;
}
