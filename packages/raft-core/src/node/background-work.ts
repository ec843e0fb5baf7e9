/** What goes on beside the turns: its failures stop the node, and closing waits for it. */
export class BackgroundWork {
  readonly #fail: (error: unknown) => void;
  readonly #underWay = new Set<Promise<void>>();

  constructor(fail: (error: unknown) => void) {
    this.#fail = fail;
  }

  /** Starts `work`, an async function, at once. What it returns never rejects, and need not be awaited. */
  run(work: () => Promise<void>): Promise<void> {
    const running = work().then(
      () => {
        this.#underWay.delete(running);
      },
      (error: unknown) => {
        this.#underWay.delete(running);
        this.#fail(error);
      },
    );
    this.#underWay.add(running);
    return running;
  }

  /** Resolves once nothing is under way. */
  async idle(): Promise<void> {
    while (this.#underWay.size > 0) await Promise.all(this.#underWay);
  }
}
