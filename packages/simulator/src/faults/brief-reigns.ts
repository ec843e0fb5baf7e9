import type { Machine } from "../machine/machine.ts";
import type { Chance } from "../scheduler/chance.ts";

interface BriefReignsOptions {
  /** Who leads now, if anybody does. */
  readonly leader: () => Machine | undefined;
  /** Ends the reign of a leader, so many milliseconds from now. */
  readonly cutShort: (leader: Machine, afterMs: number, chance: Chance) => void;
}

/** What has reached some, and not a majority, is what the next leader has to do right: some leaders are cut short. */
export class BriefReigns {
  readonly #options: BriefReignsOptions;
  /** How many more leaders are to be cut short. */
  #left = 0;
  /** The last one seen. It may end in the moment in which its leader first commits something. */
  #reign = { term: 0, commit: 0, endsWithCommit: false };

  constructor(options: BriefReignsOptions) {
    this.#options = options;
  }

  begin(reigns: number): void {
    this.#left = reigns;
  }

  /** After each step. */
  watch(chance: Chance): void {
    if (this.#left === 0) return;
    const leader = this.#options.leader();
    const status = leader?.running?.node.status();
    if (leader === undefined || status === undefined) return;
    const { term, commit } = status;
    if (term === this.#reign.term) {
      if (!this.#reign.endsWithCommit || commit === this.#reign.commit) return;
      this.#reign = { term, commit, endsWithCommit: false };
      this.#end(leader, 0, chance);
    } else if (term > this.#reign.term) {
      const endsWithCommit = chance.happens(0.5);
      this.#reign = { term, commit, endsWithCommit };
      if (!endsWithCommit && chance.happens(0.8)) this.#end(leader, chance.spread(0.1, 20), chance);
    }
  }

  #end(leader: Machine, afterMs: number, chance: Chance): void {
    this.#left--;
    this.#options.cutShort(leader, afterMs, chance);
  }
}
