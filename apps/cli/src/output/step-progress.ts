import { Presets, SingleBar } from "cli-progress";
import type { Pace } from "../membership/cluster.ts";

/** How far something has come, on standard error: standard output has the result and nothing else. */
export interface StepProgress {
  /** `of` undefined: nobody knows. */
  update(done: number, of: number | undefined): void;
  /** Leaves what was shown as it is. */
  end(): void;
}

/** How a count is written: "3.5 MiB", "1200 keys". */
export type Count = (count: number) => string;

/** Between two lines. */
const lineEveryMs = 5_000;

/** A bar on a terminal; else a line every few seconds, so that a log shows that something goes on. */
export function stepProgress(what: string, count: Count, stream: NodeJS.WriteStream, pace: Pace): StepProgress {
  return stream.isTTY ? new Bar(what, count, stream) : new Lines(what, count, stream, pace);
}

class Bar implements StepProgress {
  readonly #bar: SingleBar;
  readonly #count: Count;
  #started = false;

  constructor(what: string, count: Count, stream: NodeJS.WriteStream) {
    this.#count = count;
    this.#bar = new SingleBar(
      { format: `${what}  {bar}  {line}`, stream, barsize: 30, hideCursor: true, linewrap: false, gracefulExit: false },
      Presets.shades_grey,
    );
  }

  update(done: number, of: number | undefined): void {
    if (!this.#started) this.#bar.start(100, 0, { line: "" });
    this.#started = true;
    this.#bar.update(percent(done, of) ?? 0, { line: describe(this.#count, done, of) });
  }

  end(): void {
    if (this.#started) this.#bar.stop();
    this.#started = false;
  }
}

export class Lines implements StepProgress {
  readonly #what: string;
  readonly #count: Count;
  readonly #stream: Pick<NodeJS.WritableStream, "write">;
  readonly #pace: Pace;
  #lastAtMs: number;

  constructor(what: string, count: Count, stream: Pick<NodeJS.WritableStream, "write">, pace: Pace) {
    this.#what = what;
    this.#count = count;
    this.#stream = stream;
    this.#pace = pace;
    this.#lastAtMs = pace.now();
  }

  update(done: number, of: number | undefined): void {
    const now = this.#pace.now();
    if (now - this.#lastAtMs < lineEveryMs) return;
    this.#lastAtMs = now;
    this.#stream.write(`${this.#what}: ${describe(this.#count, done, of)}\n`);
  }

  end(): void {}
}

function percent(done: number, of: number | undefined): number | undefined {
  return of === undefined ? undefined : Math.floor((100 * Math.min(done, of)) / Math.max(1, of));
}

/** "12 MiB of 40 MiB (30%)", "1200 keys". */
function describe(count: Count, done: number, of: number | undefined): string {
  return of === undefined ? count(done) : `${count(done)} of ${count(of)} (${percent(done, of)}%)`;
}
