import type { Clock, Member, NodeId, Timer } from "@raftkv/raft-core";
import { KvError } from "../kv-error.ts";
import type { KvStateMachine } from "../state/kv-state-machine.ts";
import type { StateMark, StateMarks } from "../state/state-marks.ts";
import type { InspectPeer } from "./peer-inspection.ts";

export interface ConsistencyCheckOptions {
  readonly cluster: () => ComparedCluster;
  readonly state: Pick<KvStateMachine, "appliedIndex" | "revision" | "onApplied"> & {
    readonly marks: Pick<StateMarks, "at">;
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

const INTERVAL_MS = 5_000;

/** What became of comparing with one member. */
interface Compared {
  readonly member: Member;
  readonly marks: readonly StateMark[];
}

/**
 * Compares this node's state with those of the others, while something is written: each tells the hash of its changes at
 * some indexes, and this node knows its own at all of them. Every node does so for itself: one whose state differs from what
 * a majority of voters agree on stops by itself, and nobody has to believe a damaged leader.
 */
export class ConsistencyCheck {
  readonly #options: ConsistencyCheckOptions;
  readonly #closing = new AbortController();
  readonly #unsubscribe: () => void;
  #timer: Timer | undefined;
  #running = false;
  /** The revision at the last round that heard of every member. */
  #checked = 0;
  #differing: readonly NodeId[] = [];

  constructor(options: ConsistencyCheckOptions) {
    this.#options = options;
    this.#unsubscribe = options.state.onApplied(() => this.#schedule());
    this.#schedule();
  }

  /** The members whose state differs from this node's, as of the last look. */
  get differing(): readonly NodeId[] {
    return this.#differing;
  }

  close(): void {
    this.#unsubscribe();
    this.#closing.abort();
    this.#timer?.cancel();
  }

  /** Nothing is looked at, and nobody woken, while nothing is written. */
  #schedule(): void {
    if (this.#timer !== undefined || this.#running || this.#closing.signal.aborted) return;
    if (this.#options.state.revision() === this.#checked) return;
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
    this.#running = false;
    if (this.#closing.signal.aborted) return;
    const { members, voters, self } = this.#options.cluster();
    const compared = heard.filter(({ marks }) => marks.length === 0 || marks.some((mark) => mark.index >= index));
    if (state.marks.at(index) === undefined || compared.length === members.length - 1) this.#checked = revision;
    this.#judge(heard, voters, self);
    this.#schedule();
  }

  async #ask(): Promise<readonly Compared[]> {
    const { cluster, inspect } = this.#options;
    const { members, self } = cluster();
    const others = members.filter(({ id }) => id !== self);
    const answers = await Promise.all(
      others.map(async (member): Promise<readonly Compared[]> => {
        try {
          const peer = await inspect(member.address, this.#closing.signal);
          const isMeant = peer.nodeId === member.id && peer.memberId === member.memberId;
          return isMeant ? [{ member, marks: peer.marks ?? [] }] : [];
        } catch {
          return []; // It is down, or cannot be reached: it is asked again.
        }
      }),
    );
    return answers.flat();
  }

  #judge(heard: readonly Compared[], voters: readonly NodeId[], self: NodeId): void {
    const differing = heard.filter((peer) => this.#firstDifference(peer) !== undefined);
    const ids = differing.map(({ member }) => member.id);
    const isNew = ids.some((id) => !this.#differing.includes(id));
    this.#differing = ids;
    if (ids.length === 0) return;
    const majority = this.#majorityAgainst(heard, voters);
    if (majority !== undefined) {
      this.#options.onDamaged(new KvError("corruptState", damaged(self, majority, this.#since(differing))));
    } else if (isNew) {
      this.#options.onDifference(
        `the state of node ${self} differs from that of ${named(ids)} ${this.#since(differing)}: one of them is damaged; ` +
          "whichever a majority contradicts stops by itself",
      );
    }
  }

  /** A majority of the voters, this node not among them, that agree on what this node's state is not. */
  #majorityAgainst(heard: readonly Compared[], voters: readonly NodeId[]): readonly NodeId[] | undefined {
    const votes = new Map<string, Set<NodeId>>();
    for (const { member, marks } of heard) {
      for (const mark of marks) {
        if (!this.#differs(mark)) continue;
        const vote = `${mark.index}/${mark.revision}/${mark.hash}`;
        votes.set(vote, (votes.get(vote) ?? new Set()).add(member.id));
      }
    }
    for (const ids of votes.values()) {
      const agreeing = voters.filter((id) => ids.has(id));
      if (agreeing.length > voters.length / 2) return agreeing.toSorted((a, b) => a - b);
    }
    return undefined;
  }

  #differs(mark: StateMark): boolean {
    const own = this.#options.state.marks.at(mark.index);
    return own !== undefined && (own.hash !== mark.hash || own.revision !== mark.revision);
  }

  #firstDifference({ marks }: Compared): StateMark | undefined {
    return marks.find((mark) => this.#differs(mark));
  }

  /** Between which revisions it begins, as closely as the marks tell. */
  #since(differing: readonly Compared[]): string {
    const { state } = this.#options;
    const bad = Math.min(...differing.flatMap((peer) => this.#firstDifference(peer)?.index ?? []));
    const good = differing
      .flatMap(({ marks }) => marks)
      .filter((mark) => mark.index < bad && state.marks.at(mark.index) !== undefined && !this.#differs(mark))
      .at(-1);
    const revision = state.marks.at(bad)?.revision;
    return good === undefined
      ? `from revision ${revision} (index ${bad}) or earlier on`
      : `from a revision after ${good.revision} and up to ${revision} on (index ${good.index} to ${bad})`;
  }
}

function damaged(self: NodeId, majority: readonly NodeId[], since: string): string {
  return (
    `the state of node ${self} differs from that of a majority, ${named(majority)}, ${since}: this node's is damaged, and it ` +
    "serves nothing any more. Keep its data directory for a look, and put a new node in its place " +
    `(start one with --join, and run raftkv member replace ${self} ADDRESS)`
  );
}

function named(ids: readonly NodeId[]): string {
  return ids.length === 1 ? `node ${ids[0]}` : `nodes ${ids.join(", ")}`;
}
