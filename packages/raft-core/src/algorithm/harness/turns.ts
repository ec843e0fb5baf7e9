import type { Effects } from "../effects.ts";
import type { Input } from "../input.ts";
import { invariant } from "../invariant.ts";
import type { Membership } from "../membership.ts";
import type { Message } from "../message.ts";
import { Raft } from "../raft.ts";
import type { RestoredState } from "../restored-state.ts";
import { type TestConfig, testConfig } from "./settings.ts";

const encoder = new TextEncoder();

/** A log as storage gives it back; empty unless said otherwise. */
export function restored(membership: Membership, overrides: Partial<RestoredState> = {}): RestoredState {
  return {
    hardState: { term: 0, votedFor: undefined, commit: 0 },
    base: { index: 0, term: 0, membership },
    lastIndex: 0,
    termRuns: [],
    memberships: [],
    ...overrides,
  };
}

export function raftOf(state: RestoredState, overrides: Partial<TestConfig> & { appliedIndex?: number } = {}): Raft {
  const config = {
    ...testConfig,
    memberId: `member-${overrides.nodeId ?? testConfig.nodeId}`,
    incarnation: 1,
    appliedIndex: 0,
    ...overrides,
  };
  return new Raft(config, state, { next: () => 0 });
}

/** One turn; what it wants written is durable at once. Answers the effects of both. */
export function turn(raft: Raft, ...inputs: readonly Input[]): readonly Effects[] {
  const all: Effects[] = [];
  for (const input of inputs) raft.step(input);
  for (let effects = raft.takeEffects(); effects !== undefined; effects = raft.takeEffects()) {
    all.push(effects);
    if (effects.persist !== undefined) raft.step({ kind: "persisted", batch: effects.persist.id });
  }
  return all;
}

export function message(from: number, content: Message): Input {
  return { kind: "message", from, message: content };
}

export function sent(effects: readonly Effects[]): readonly Message[] {
  return effects.flatMap(({ send }) => send.map((outgoing) => outgoing.message));
}

export function propose(id: number, ...texts: readonly string[]): Input {
  return { kind: "propose", id, payloads: texts.map((text) => encoder.encode(text)) };
}

/** A leader of term 1 whose followers have accepted its no-op. */
export function leaderOf(membership: Membership, overrides: Partial<TestConfig> = {}): Raft {
  const raft = raftOf(restored(membership), overrides);
  const others = [...new Set([...membership.voters, ...membership.outgoingVoters])].filter((id) => id !== 1);
  turn(raft, { kind: "campaign" });
  const inTerm = (term: number) => ({ term, granted: true });
  turn(raft, ...others.map((id) => message(id, { kind: "preVoteResponse", campaignTerm: 1, ...inTerm(0) })));
  turn(raft, ...others.map((id) => message(id, { kind: "voteResponse", ...inTerm(1) })));
  turn(raft, ...others.map((id) => message(id, { kind: "appendResponse", term: 1, rejected: false, match: 1 })));
  const { role, hardState } = raft.status();
  invariant(role === "leader" && hardState.commit === 1, "the others have elected it, and accepted its no-op");
  return raft;
}
