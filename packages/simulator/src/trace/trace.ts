/** What happened, line by line: a running hash of all of it, and the lines themselves where they are wanted. */
export class Trace {
  readonly #nowMs: () => number;
  readonly #lines: string[] | undefined;
  #low = 0x811c9dc5;
  #high = 0x01000193;
  #count = 0;

  /** `lines` receives each line, for a person to read. */
  constructor(nowMs: () => number, lines?: string[]) {
    this.#nowMs = nowMs;
    this.#lines = lines;
  }

  add(event: string): void {
    const line = `${this.#nowMs().toFixed(3)} ${event}`;
    this.#count++;
    this.#lines?.push(line);
    let low = this.#low;
    let high = this.#high;
    for (let i = 0; i < line.length; i++) {
      const code = line.charCodeAt(i);
      low = Math.imul(low ^ code, 0x01000193);
      high = Math.imul(high + code, 0x85ebca6b) ^ (high >>> 15);
    }
    this.#low = low;
    this.#high = high;
  }

  /** Lines so far. */
  get count(): number {
    return this.#count;
  }

  /** Equal for equal traces; 16 hexadecimal digits. */
  get hash(): string {
    return hex(this.#high) + hex(this.#low);
  }
}

function hex(number: number): string {
  return (number >>> 0).toString(16).padStart(8, "0");
}
