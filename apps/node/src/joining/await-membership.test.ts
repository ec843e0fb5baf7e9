import type { Formation, Introduction } from "@raftkv/transport-connect";
import { expect, it } from "vitest";
import { awaitMembership } from "./await-membership.ts";

const self = { nodeId: 2, memberId: "fresh", address: "10.0.0.2:1" };
const nobody = { voters: [], outgoingVoters: [], learners: [], members: [] };
const membership = { ...nobody, voters: [1], members: [{ id: 1, address: "10.0.0.1:1", memberId: "one" }] };
const formation: Formation = {
  clusterId: "c",
  membership,
  foundingMembership: undefined,
  membershipCommitted: true,
  commitIndex: 1,
};
const member = { id: 2, address: "10.0.0.2:1", memberId: "fresh" };
const added = { ...formation, membership: { ...membership, members: [...membership.members, member] } };

function waiting(answers: readonly (Formation | undefined)[]) {
  const rounds = [...answers];
  const seen = { asked: [] as string[], waits: [] as (readonly string[])[], pauses: [] as number[] };
  const options = {
    self,
    addresses: ["10.0.0.1:1"],
    introduce: async (address: string): Promise<Introduction> => {
      seen.asked.push(address);
      const formation = rounds.shift();
      if (formation === undefined) throw new Error("refused");
      return { nodeId: 1, memberId: "one", formation };
    },
    onWaiting: (obstacles: readonly string[]) => void seen.waits.push(obstacles),
    pause: async (delayMs: number, signal: AbortSignal) => {
      seen.pauses.push(delayMs);
      signal.throwIfAborted();
    },
  };
  return { seen, options };
}

it("asks again, less and less often, until it is a member", async () => {
  const { seen, options } = waiting([undefined, formation, formation, formation, added]);
  expect(await awaitMembership(options, new AbortController().signal)).toEqual(added);
  expect(seen.asked).toHaveLength(5);
  expect(seen.waits).toEqual([["nobody answers at 10.0.0.1:1 (refused)"], [], [], []]);
  expect(seen.pauses).toEqual([100, 200, 400, 500]);
});

it("ends when it is told to stop", async () => {
  const { options } = waiting([]);
  const stop = new AbortController();
  const stopped = new Error("stopped");
  const waits = awaitMembership({ ...options, onWaiting: () => stop.abort(stopped) }, stop.signal);
  await expect(waits).rejects.toBe(stopped);
});
