import type { Member, Message } from "@raftkv/raft-core";
import { describe, expect, it } from "vitest";
import { Process } from "../machine/process.ts";
import { Scheduler } from "../scheduler/scheduler.ts";
import { addresseeOf, type Endpoint, hears } from "./endpoint.ts";

const member = (id: number, memberId = `member-${id}`): Member => ({ id, address: `node-${id}:1`, memberId });
const question: Message = { kind: "heartbeatRequest", term: 1, commit: 0, round: 1 };
const answer: Message = { kind: "heartbeatResponse", term: 1, round: 1 };

function endpoint(peers: readonly Member[]): Endpoint {
  return {
    self: member(1),
    process: new Process(new Scheduler(), () => {}),
    handler: { message: () => {}, unreachable: () => {}, offer: async () => 0, snapshot: async () => {} },
    peers: new Map(peers.map((peer) => [peer.id, peer])),
    strangers: new Map(),
    unreachable: new Set(),
  };
}

describe("a node", () => {
  it("hears only what names the member that it is", () => {
    expect(hears(endpoint([member(2)]), member(2), member(1), question)).toBe(true);
    expect(hears(endpoint([member(2)]), member(2), member(1, "former"), question)).toBe(false);
  });

  it("takes answers from those whom it has asked, not from who had their ids before", () => {
    expect(hears(endpoint([member(2)]), member(2), member(1), answer)).toBe(true);
    expect(hears(endpoint([member(2, "fresh")]), member(2), member(1), answer)).toBe(false);
    expect(hears(endpoint([]), member(2), member(1), answer)).toBe(false);
  });

  it("hears the questions of a node that it does not know yet, and answers that very one", () => {
    const behind = endpoint([member(2)]);
    expect(hears(behind, member(2, "fresh"), member(1), question)).toBe(true);
    behind.strangers.set(2, member(2, "fresh"));
    expect(addresseeOf(behind, 2, answer, undefined)).toEqual(member(2, "fresh"));
    expect(addresseeOf(behind, 2, question, undefined)).toEqual(member(2));
    expect(addresseeOf(behind, 2, answer, member(2).memberId)).toEqual(member(2));
    expect(addresseeOf(behind, 2, answer, "nobody's")).toBeUndefined();
  });
});
