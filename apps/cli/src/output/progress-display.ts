import { Presets, SingleBar } from "cli-progress";
import type { CatchUpProgress } from "../membership/catch-up.ts";
import type { Pace } from "../membership/cluster.ts";
import { catchUpLine } from "./catch-up-line.ts";

/** What goes on, on standard error: standard output has the result and nothing else. */
export interface ProgressDisplay {
  say(text: string): void;
  progress(progress: CatchUpProgress): void;
  /** Leaves what was shown as it is. */
  end(): void;
}

/** Between two lines that say the same. */
const lineEveryMs = 5_000;

/** A bar on a terminal, else lines. */
export function progressDisplay(stream: NodeJS.WriteStream, pace: Pace): ProgressDisplay {
  return stream.isTTY ? new BarDisplay(stream) : new LineDisplay(stream, pace);
}

class BarDisplay implements ProgressDisplay {
  readonly #stream: NodeJS.WriteStream;
  #bar: SingleBar | undefined;

  constructor(stream: NodeJS.WriteStream) {
    this.#stream = stream;
  }

  say(text: string): void {
    this.end();
    this.#stream.write(`${text}\n`);
  }

  progress(progress: CatchUpProgress): void {
    const bar = this.#bar ?? this.#begin(progress);
    bar.update(Math.floor(progress.fraction * 100), { line: catchUpLine(progress) });
  }

  end(): void {
    this.#bar?.stop();
    this.#bar = undefined;
  }

  #begin({ nodeId }: CatchUpProgress): SingleBar {
    const bar = new SingleBar(
      {
        format: `node ${nodeId}  {bar}  {percentage}%  {line}`,
        stream: this.#stream,
        barsize: 30,
        hideCursor: true,
        linewrap: false,
        gracefulExit: false, // Ctrl-C is for the operation.
      },
      Presets.shades_grey,
    );
    bar.start(100, 0, { line: "" });
    this.#bar = bar;
    return bar;
  }
}

/** A line now and then: at first, when the state changes, and every few seconds. */
export class LineDisplay implements ProgressDisplay {
  readonly #stream: Pick<NodeJS.WritableStream, "write">;
  readonly #pace: Pace;
  #lastKind: string | undefined;
  #lastAtMs = 0;

  constructor(stream: Pick<NodeJS.WritableStream, "write">, pace: Pace) {
    this.#stream = stream;
    this.#pace = pace;
  }

  say(text: string): void {
    this.#stream.write(`${text}\n`);
  }

  progress(progress: CatchUpProgress): void {
    const { nodeId, fraction, replication, problem, obstacle } = progress;
    const kind = `${problem} ${obstacle} ${replication?.state} ${replication?.recentlyActive} ${fraction === 1}`;
    const now = this.#pace.now();
    if (kind === this.#lastKind && now - this.#lastAtMs < lineEveryMs) return;
    this.#lastKind = kind;
    this.#lastAtMs = now;
    this.#stream.write(`node ${nodeId}: ${Math.floor(fraction * 100)}%, ${catchUpLine(progress)}\n`);
  }

  end(): void {}
}
