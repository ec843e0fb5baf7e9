import type { KeyAnswer } from "../history/models/key-value-model.ts";
import type { Scheduler } from "../scheduler/scheduler.ts";

/** Which revisions of the store clients have been told of, and when. */
export class Acknowledged {
  readonly #scheduler: Pick<Scheduler, "nowMs">;
  /** Of ascending times and revisions. */
  readonly #told: { readonly atMs: number; readonly revision: number }[] = [{ atMs: 0, revision: 1 }];

  constructor(scheduler: Pick<Scheduler, "nowMs">) {
    this.#scheduler = scheduler;
  }

  /** The latest so far. */
  get latest(): number {
    return this.#told.at(-1)?.revision ?? 1;
  }

  /** Some client is told now that there is this revision. */
  note(revision: number): void {
    if (revision > this.latest) this.#told.push({ atMs: this.#scheduler.nowMs, revision });
  }

  /** The same of whatever revision an answer names. */
  noteAnswer(answer: KeyAnswer): void {
    if (answer.kind === "put") this.note(answer.revision);
    if (answer.kind === "found") this.note(answer.modRevision);
  }

  /** The latest that somebody had been told of by then. */
  by(ms: number): number {
    return this.#told.findLast(({ atMs }) => atMs <= ms)?.revision ?? 1;
  }
}
