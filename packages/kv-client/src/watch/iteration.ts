import type { KeepAlive } from "./keep-alive.ts";

/** What is iterated. */
export interface Source<T> {
  /** The next; undefined: there is none just now. */
  take(): T | undefined;
  /** Set once nothing comes after what there is to take; `error` is undefined where it was closed. */
  readonly end: { readonly error: Error | undefined } | undefined;
  close(): void;
}

interface Waiting<T> {
  resolve(result: IteratorResult<T, void>): void;
  reject(error: unknown): void;
}

/**
 * As an async generator that takes from the source until that has ended, and closes it when it is left; but what arrives goes
 * straight to whoever waits: ten thousand may wait for the same.
 */
export class Iteration<T> implements AsyncGenerator<T, void, undefined> {
  readonly #source: Source<T>;
  readonly #keepAlive: KeepAlive;
  readonly #waiting: Waiting<T>[] = [];
  #isOver = false;

  /** Meanwhile that anybody waits, the process is kept alive. */
  constructor(source: Source<T>, keepAlive: KeepAlive) {
    this.#source = source;
    this.#keepAlive = keepAlive;
  }

  next(): Promise<IteratorResult<T, void>> {
    if (this.#waiting.length === 0) {
      const value = this.#take();
      if (value !== undefined) return Promise.resolve({ done: false, value });
      const end = this.#takeEnd();
      if (end !== undefined) return end.error === undefined ? Promise.resolve(over) : Promise.reject(end.error);
      this.#keepAlive.begin();
    }
    return new Promise((resolve, reject) => this.#waiting.push({ resolve, reject }));
  }

  /** Something has arrived, or the end has come. */
  wake(): void {
    if (this.#waiting.length === 0) return;
    for (;;) {
      const [first] = this.#waiting;
      if (first === undefined) break;
      const value = this.#take();
      if (value !== undefined) first.resolve({ done: false, value });
      else {
        const end = this.#takeEnd();
        if (end === undefined) return;
        if (end.error === undefined) first.resolve(over);
        else first.reject(end.error);
      }
      this.#waiting.shift();
    }
    this.#keepAlive.end();
  }

  /** Who waits for something hears that it is over. */
  async return(): Promise<IteratorResult<T, void>> {
    this.#leave();
    return over;
  }

  async throw(error: unknown): Promise<IteratorResult<T, void>> {
    this.#leave();
    throw error;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#leave();
  }

  #take(): T | undefined {
    return this.#isOver ? undefined : this.#source.take();
  }

  /** How it has ended: said once, and from then on that it is over. */
  #takeEnd(): Source<T>["end"] {
    if (this.#isOver) return well;
    const { end } = this.#source;
    if (end === undefined) return undefined;
    this.#isOver = true;
    return end;
  }

  #leave(): void {
    this.#isOver = true;
    this.#source.close();
    this.wake();
  }
}

const over = { done: true, value: undefined } as const;
const well = { error: undefined } as const;
