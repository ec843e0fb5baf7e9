import type { Clock, Consensus, ConsensusStatus, Member } from "@raftkv/raft-core";
import type { Introduction } from "@raftkv/transport-connect";
import { isNamed, isRemoved, type OwnView, type Self, viewNow } from "./removal.ts";

export interface WatchOptions {
  readonly self: Self;
  readonly clusterId: string | undefined;
  readonly consensus: Pick<Consensus, "status" | "onMembersChange" | "onRoleChange">;
  /** What the log said before the node started. */
  readonly view: OwnView;
  /** Where else members may be. */
  readonly addresses: readonly string[];
  /** Asks who listens there. Rejects if nobody answers in time. */
  readonly introduce: (address: string, signal: AbortSignal) => Promise<Introduction>;
  /** A member was found there, and not where the membership has it: all may have moved at once. */
  readonly onFoundElsewhere: (member: Introduction, address: string) => void;
  readonly clock: Pick<Clock, "now">;
  /** Resolves after so many milliseconds; rejects with the signal's reason. */
  readonly pause: (delayMs: number, signal: AbortSignal) => Promise<void>;
}

/**
 * Each look wakes a node that may have nothing else to do. Where all is well, whatever changes that makes itself known: that
 * the members are others, or that the leader is lost.
 */
const lookEveryMs = { well: 10_000, otherwise: 250 };
/** So long without a leader, or without being a member, before it asks the others; and between one asking and the next. */
const patienceMs = 3_000;
/** Of all that were ever heard of, so many addresses are asked. */
const maxAddresses = 64;

interface Answer {
  readonly address: string;
  readonly introduction: Introduction;
}

/** Resolves once this node is no member of its cluster any more; rejects with the signal's reason. */
export async function untilRemoved(options: WatchOptions, signal: AbortSignal): Promise<void> {
  const { self, consensus, clock, pause } = options;
  const asked = new Set(options.addresses);
  let { view } = options;
  let contentAt = clock.now();
  let isWell = false;
  for (;;) {
    if (isWell) {
      await pauseUntilChange(options, signal);
      contentAt = clock.now();
    } else {
      await pause(lookEveryMs.otherwise, signal);
    }
    const status = consensus.status();
    view = viewNow(self, view, status);
    if (view.isOut) return;
    isWell = status.leader !== undefined && isNamed(self, status.membership);
    if (isWell) contentAt = clock.now();
    if (clock.now() - contentAt < patienceMs) continue;
    for (const address of addressesOf(self, status)) asked.add(address);
    const found = await ask(options, [...asked].slice(-maxAddresses), signal);
    for (const { introduction, address } of movedAmong(found, status)) {
      options.onFoundElsewhere(introduction, address);
    }
    const answers = found.map(({ introduction }) => introduction);
    for (const { formation } of answers) {
      for (const { address, id } of formation?.membership.members ?? []) if (id !== self.nodeId) asked.add(address);
    }
    view = viewNow(self, view, consensus.status());
    if (view.isOut || isRemoved(self, view, answers)) return;
    contentAt = clock.now();
  }
}

/** Ends early when the members change, or whom they follow. */
async function pauseUntilChange({ consensus, pause }: WatchOptions, signal: AbortSignal): Promise<void> {
  const changed = new AbortController();
  const changes = [consensus.onMembersChange(() => changed.abort()), consensus.onRoleChange(() => changed.abort())];
  try {
    await pause(lookEveryMs.well, AbortSignal.any([signal, changed.signal]));
  } catch (error) {
    if (!changed.signal.aborted || signal.aborted) throw error;
  } finally {
    for (const unsubscribe of changes) unsubscribe();
  }
}

function addressesOf(self: Self, status: ConsensusStatus): readonly string[] {
  return membersOf(status).flatMap(({ id, address }) => (id === self.nodeId ? [] : [address]));
}

function membersOf({ membership, committedMembership }: ConsensusStatus): readonly Member[] {
  return [...committedMembership.members, ...membership.members];
}

/** Members that answer, and none of them where the membership has it. */
function movedAmong(found: readonly Answer[], status: ConsensusStatus): readonly Answer[] {
  const members = membersOf(status);
  const isAtHome = ({ memberId }: Introduction): boolean =>
    found.some(
      ({ address, introduction }) =>
        introduction.memberId === memberId &&
        members.some((member) => member.memberId === memberId && member.address === address),
    );
  return found.filter(({ introduction }) => !isAtHome(introduction));
}

/** Only answers from the node's own cluster count. */
async function ask(
  { introduce, clusterId }: WatchOptions,
  addresses: readonly string[],
  signal: AbortSignal,
): Promise<readonly Answer[]> {
  const answers = await Promise.allSettled(
    addresses.map(async (address) => ({ address, introduction: await introduce(address, signal) })),
  );
  signal.throwIfAborted();
  return answers
    .flatMap((answer) => (answer.status === "fulfilled" ? [answer.value] : []))
    .filter(({ introduction }) => introduction.formation?.clusterId === clusterId);
}
