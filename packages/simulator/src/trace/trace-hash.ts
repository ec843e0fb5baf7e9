import type { Entry, Message } from "@raftkv/raft-core";
import { digestOf } from "../invariants/digest.ts";

/** For the bits of a number that is no small whole one. */
const float = new Float64Array(1);
const bits = new Uint32Array(float.buffer);

/** A running hash of numbers, texts and messages: enough to tell runs apart, not against malice. */
export class TraceHash {
  #low = 0x811c9dc5;
  #high = 0x01000193;

  number(value: number): void {
    if ((value | 0) === value) {
      this.#word(value);
      return;
    }
    float[0] = value;
    this.#word(bits[0] ?? 0);
    this.#word(bits[1] ?? 0);
  }

  text(text: string): void {
    this.#word(text.length);
    for (let i = 0; i < text.length; i++) this.#word(text.charCodeAt(i));
  }

  /** All that it says. */
  message(message: Message): void {
    this.text(message.kind);
    this.#fields(message);
  }

  /** 16 hexadecimal digits. */
  digest(): string {
    return hex(this.#high) + hex(this.#low);
  }

  #word(word: number): void {
    this.#low = Math.imul(this.#low ^ word, 0x01000193);
    this.#high = Math.imul(this.#high + word, 0x85ebca6b) ^ (this.#high >>> 15);
  }

  /** Every field there is, in the order in which it stands there, so that a new one is not forgotten. */
  #fields(values: object): void {
    for (const name in values) this.#value((values as Readonly<Record<string, unknown>>)[name]);
  }

  #value(value: unknown): void {
    if (typeof value === "number") this.number(value);
    else if (typeof value === "boolean") this.#word(value ? 1 : 2);
    else if (Array.isArray(value)) this.#entries(value);
    else if (typeof value === "object" && value !== null) this.#fields(value);
    else if (typeof value === "string") this.text(value);
  }

  #entries(entries: readonly Entry[]): void {
    this.#word(entries.length);
    for (const entry of entries) {
      this.number(entry.index);
      this.number(entry.term);
      this.#word(digestOf(entry));
    }
  }
}

function hex(number: number): string {
  return (number >>> 0).toString(16).padStart(8, "0");
}
