import type { Clock, Member, NodeId, Timer } from "@raftkv/raft-core";
import { KvError } from "../kv-error.ts";
import type { KvStateMachine } from "../state/kv-state-machine.ts";
import type { StateMark } from "../state/state-marks.ts";
import type { WholeChecks } from "../state/whole-checks.ts";
import { damagedText, differenceText, isOtherWhole, majorityAgainst, sinceText } from "./consistency-verdict.ts";
import { differsFrom, firstDifference, type Marks } from "./first-difference.ts";
import type { InspectedPeer, InspectPeer, WantedMarks, WholeMark } from "./peer-inspection.ts";

export interface ConsistencyCheckOptions {
  readonly cluster: () => ComparedCluster;
  readonly state: Pick<KvStateMachine, "appliedIndex" | "revision" | "onApplied"> & {
    readonly marks: Marks;
    readonly checks: Pick<WholeChecks, "onDone"> & { readonly last: WholeMark | undefined };
  };
  readonly inspect: InspectPeer;
  readonly clock: Clock;
  /** Somebody's state differs from this node's. Told again only when there is something new. */
  readonly onDifference: (message: string) => void;
  /** This node's state differs from that of a majority: it has to stop. */
  readonly onDamaged: (error: KvError) => void;
}

/** Whose states are compared. */
export interface ComparedCluster {
  readonly self: NodeId;
  readonly voters: readonly NodeId[];
  readonly members: readonly Member[];
}

/** What another member tells of its state. */
export interface Compared {
  readonly member: Member;
  readonly marks: readonly StateMark[];
  readonly whole: WholeMark | undefined;
}

const INTERVAL_MS = 5_000;
/** So often the others are asked for a check of the whole state that they have not finished yet: ten minutes long. */
const WHOLE_ROUNDS = 120;

/**
 * Compares this node's state with those of the others, while something is written and after a check of the whole state: each
 * tells the hash of its changes at some indexes, and this node knows its own at all of them. Every node does so for itself: one
 * whose state differs from what a majority of voters agree on stops by itself, and nobody has to believe a damaged leader.
 */
export class ConsistencyCheck {
  readonly #options: ConsistencyCheckOptions;
  readonly #closing = new AbortController();
  readonly #unsubscribe: readonly (() => void)[];
  #timer: Timer | undefined;
  #running = false;
  /** The revision at the last round that heard of every member. */
  #checked = 0;
  #wholeRounds = 0;
  #differing: readonly NodeId[] = [];

  constructor(options: ConsistencyCheckOptions) {
    this.#options = options;
    const { state } = options;
    this.#unsubscribe = [state.onApplied(() => this.#schedule()), state.checks.onDone(() => this.#beginWhole())];
    this.#schedule();
  }

  /** The members whose state differs from this node's, as of the last look. */
  get differing(): readonly NodeId[] {
    return this.#differing;
  }

  close(): void {
    for (const unsubscribe of this.#unsubscribe) unsubscribe();
    this.#closing.abort();
    this.#timer?.cancel();
  }

  #beginWhole(): void {
    this.#wholeRounds = WHOLE_ROUNDS;
    this.#schedule();
  }

  /** Nothing is looked at, and nobody woken, while nothing is written. */
  #schedule(): void {
    if (this.#timer !== undefined || this.#running || this.#closing.signal.aborted) return;
    if (this.#options.state.revision() === this.#checked && this.#wholeRounds === 0) return;
    this.#timer = this.#options.clock.setTimer(INTERVAL_MS, () => {
      this.#timer = undefined;
      void this.#round();
    });
  }

  async #round(): Promise<void> {
    this.#running = true;
    const { state } = this.#options;
    const revision = state.revision();
    const index = state.appliedIndex();
    const heard = await this.#ask();
    const since = await this.#since(heard);
    this.#running = false;
    if (this.#closing.signal.aborted) return;
    const others = this.#options.cluster().members.length - 1;
    const compared = heard.filter(({ marks }) => marks.length === 0 || marks.some((mark) => mark.index >= index));
    if (state.marks.at(index) === undefined || compared.length === others) this.#checked = revision;
    const own = state.checks.last?.index ?? 0;
    const comparedWhole = heard.filter(({ whole }) => (whole?.index ?? 0) >= own);
    this.#wholeRounds = comparedWhole.length === others ? 0 : Math.max(0, this.#wholeRounds - 1);
    this.#judge(heard, since);
    this.#schedule();
  }

  async #ask(): Promise<readonly Compared[]> {
    const { members, self } = this.#options.cluster();
    const others = members.filter(({ id }) => id !== self);
    const answers = await Promise.all(
      others.map(async (member): Promise<readonly Compared[]> => {
        try {
          const { marks = [], whole } = await this.#inspect(member);
          return [{ member, marks, whole }];
        } catch {
          return []; // It is down, or cannot be reached: it is asked again.
        }
      }),
    );
    return answers.flat();
  }

  async #inspect(member: Member, wanted?: WantedMarks): Promise<InspectedPeer> {
    const peer = await this.#options.inspect(member.address, this.#closing.signal, wanted);
    if (peer.nodeId === member.id && peer.memberId === member.memberId) return peer;
    throw new Error(`somebody else listens at ${member.address}`);
  }

  /** Since when the first of those that differ does, in words; asked for only where there is something new to tell. */
  async #since(heard: readonly Compared[]): Promise<string> {
    const { state, cluster } = this.#options;
    const differing = heard.filter((peer) => this.#differs(peer));
    const [first] = differing;
    const isNew = differing.some(({ member }) => !this.#differing.includes(member.id));
    if (first === undefined || !(isNew || majorityAgainst(heard, cluster().voters, state) !== undefined)) return "";
    const { member, marks } = first;
    const difference = await firstDifference(state.marks, marks, async (wanted) => {
      const { marks = [], revisionMarks = [] } = await this.#inspect(member, wanted);
      return { marks, revisionMarks };
    });
    return sinceText(difference, state.checks.last);
  }

  #judge(heard: readonly Compared[], since: string): void {
    const { state, cluster, onDamaged, onDifference } = this.#options;
    const { voters, self } = cluster();
    const ids = heard.filter((peer) => this.#differs(peer)).map(({ member }) => member.id);
    const isNew = ids.some((id) => !this.#differing.includes(id));
    this.#differing = ids;
    if (ids.length === 0) return;
    const majority = majorityAgainst(heard, voters, state);
    if (majority !== undefined) onDamaged(new KvError("corruptState", damagedText(self, majority, since)));
    else if (isNew) onDifference(differenceText(self, ids, since));
  }

  #differs({ marks, whole }: Compared): boolean {
    const { state } = this.#options;
    return (
      marks.some((mark) => differsFrom(state.marks.at(mark.index), mark)) || isOtherWhole(state.checks.last, whole)
    );
  }
}
