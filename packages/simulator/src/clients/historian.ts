import type { StateCall } from "../history/replay/state-read.ts";
import type { Chance } from "../scheduler/chance.ts";
import type { StateNeeds } from "./state-reads.ts";

export interface HistorianOptions {
  readonly chance: Chance;
  /** Whether the nodes may read by lease. */
  readonly leases: boolean;
  /** The latest revision that anybody has been told of. */
  readonly known: () => number;
  /** The earliest that can still be read, as far as is known. */
  readonly earliest: () => number;
  /** A key that something has just happened to, or that once was in use. */
  readonly key: () => string;
}

/** How many revisions back something lies, mostly. */
const recently = 30;
const everything = { from: "", to: undefined };

/** Draws what somebody asks who is interested in the past: of keys, ranges and histories, and what to forget. */
export class Historian {
  readonly #options: HistorianOptions;

  constructor(options: HistorianOptions) {
    this.#options = options;
  }

  call(): StateCall {
    const { chance } = this.#options;
    const draw = chance.next();
    if (draw < 0.08) return { kind: "compact", revision: this.#revisionToKeep() };
    const atRevision = chance.happens(0.5) ? this.#pastRevision() : undefined;
    const limit = chance.happens(0.3) ? chance.integer(1, 5) : undefined;
    if (draw < 0.4) return { kind: "get", key: this.#options.key(), atRevision };
    if (draw < 0.65) return { kind: "history", key: this.#options.key(), limit, atRevision };
    const keysOnly = chance.happens(0.2);
    if (draw < 0.7) return { kind: "range", ...everything, keysOnly, limit, atRevision: this.#pastRevision() };
    return { kind: "range", ...this.#range(), keysOnly, limit, atRevision };
  }

  needs(): StateNeeds {
    const { chance, leases, known } = this.#options;
    const strong = leases && chance.happens(0.5) ? "lease" : "linearizable";
    const minRevision = chance.happens(0.3) ? Math.max(1, known() - chance.integer(-1, 5)) : 0;
    if (chance.happens(0.5)) return { consistency: strong, minRevision, maxStalenessMs: undefined };
    const maxStalenessMs = chance.happens(0.5) ? chance.pick([0, 20, 200, 2_000]) : undefined;
    return { consistency: "serializable", minRevision, maxStalenessMs };
  }

  /** Mostly one that is there; now and then one that is not yet, or not any more. */
  #pastRevision(): number {
    const { chance, known, earliest } = this.#options;
    const draw = chance.next();
    if (draw < 0.05) return known() + chance.integer(1, 3);
    if (draw < 0.3) return Math.max(1, earliest() + chance.integer(-2, 3));
    return Math.max(1, earliest(), known() - chance.integer(0, recently));
  }

  #revisionToKeep(): number {
    const { chance, known, earliest } = this.#options;
    if (chance.happens(0.1)) return Math.max(1, chance.pick([earliest(), known() + 3]) ?? 1);
    return Math.max(1, known() - chance.integer(0, recently));
  }

  #range(): { readonly from: string; readonly to: string | undefined } {
    const { chance, key } = this.#options;
    const [one, other] = [key(), key()].sort();
    const prefix = one?.slice(0, one.indexOf("/") + 1) ?? "";
    return chance.happens(0.5) ? { from: one ?? "", to: other } : { from: prefix, to: `${prefix}~` };
  }
}
