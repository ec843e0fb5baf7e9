import { describeMessage, type Message, type NodeId } from "@raftkv/raft-core";
import { TraceHash } from "./trace-hash.ts";

/** What became of a message: it is on its receiver's way in, or why it is not. */
export type Fate = "arrives" | "lost" | "cut" | "nobody there" | "gone" | "refused";

/**
 * What happened, one thing after the other: a running hash of all of it, and a line for each where lines are wanted. The
 * hash is of what happened and not of the lines, which are dear: most runs are never read.
 */
export class Trace {
  readonly #nowMs: () => number;
  readonly #lines: string[] | undefined;
  readonly #hash = new TraceHash();
  #count = 0;

  /** `lines` receives each line, for a person to read. */
  constructor(nowMs: () => number, lines?: string[]) {
    this.#nowMs = nowMs;
    this.#lines = lines;
  }

  add(event: string): void {
    this.#begin();
    this.#hash.text(event);
    this.#lines?.push(this.#line(event));
  }

  message(from: NodeId, to: NodeId, fate: Fate, message: Message): void {
    this.#begin();
    this.#hash.number(from);
    this.#hash.number(to);
    this.#hash.text(fate);
    this.#hash.message(message);
    if (this.#lines === undefined) return;
    const way = fate === "arrives" ? `${from} -> ${to}` : `${from} -x ${to} (${fate})`;
    this.#lines.push(this.#line(`${way}: ${describeMessage(message)}`));
  }

  /** Things so far. */
  get count(): number {
    return this.#count;
  }

  /** Equal for equal traces; 16 hexadecimal digits. */
  get hash(): string {
    return this.#hash.digest();
  }

  #begin(): void {
    this.#count++;
    this.#hash.number(this.#nowMs());
  }

  #line(event: string): string {
    return `${this.#nowMs().toFixed(3)} ${event}`;
  }
}
