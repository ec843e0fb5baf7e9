import type { Clock, Term } from "@raftkv/raft-core";

/**
 * Cluster time (docs/correctness.md, rule 11): what sessions and leases are measured in. A leader advances it by its own
 * elapsed monotonic time only, from the cluster time that was applied when the first entry of its term was. Nobody's wall
 * clock goes into it, so a wrong one expires nothing, and while nobody leads no time passes.
 */
export class ClusterClock {
  readonly #clock: Clock;
  #appliedMs: number;
  #appliedAtMs: number;
  #base: { readonly term: Term; readonly clusterMs: number; readonly atMs: number } | undefined;

  constructor(clock: Clock, appliedMs: number) {
    this.#clock = clock;
    this.#appliedMs = appliedMs;
    this.#appliedAtMs = clock.now();
  }

  /** Entries up to one of `term` were applied, and cluster time is now `appliedMs`. */
  applied(term: Term, appliedMs: number): void {
    if (appliedMs !== this.#appliedMs) this.#appliedAtMs = this.#clock.now();
    this.#appliedMs = appliedMs;
    if (term <= (this.#base?.term ?? 0)) return;
    this.#base = { term, clusterMs: appliedMs, atMs: this.#clock.now() };
  }

  /**
   * What time it is, as far as this node can tell, in whole milliseconds: on the leader what it would stamp, on any other
   * node behind that by as long as news takes; ahead of it only while nobody leads, when no time passes.
   */
  nowMs(): number {
    const nowMs = this.#clock.now();
    const sinceBase = this.#base === undefined ? 0 : this.#base.clusterMs + nowMs - this.#base.atMs;
    return Math.floor(Math.max(sinceBase, this.#appliedMs + Math.max(0, nowMs - this.#appliedAtMs)));
  }

  /** What the leader of `term` stamps an entry with, in whole milliseconds. */
  stampMs(term: Term): number {
    const base = this.#base;
    if (base === undefined || base.term !== term) return this.#appliedMs;
    return Math.floor(base.clusterMs + Math.max(0, this.#clock.now() - base.atMs));
  }
}
