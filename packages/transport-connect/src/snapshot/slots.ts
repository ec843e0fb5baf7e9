import { Code, ConnectError } from "@connectrpc/connect";

/** Bounds how many of something are under way at once. */
export class Slots {
  readonly #limit: number;
  readonly #what: string;
  #taken = 0;

  /** `what` names it in the refusal, in the plural. */
  constructor(limit: number, what: string) {
    this.#limit = limit;
    this.#what = what;
  }

  /** Returns what gives the slot back. Throws a `ConnectError`, resource exhausted, if all are taken. */
  take(): () => void {
    if (this.#taken >= this.#limit) {
      throw new ConnectError(`${this.#limit} ${this.#what} are under way already`, Code.ResourceExhausted);
    }
    this.#taken += 1;
    return () => {
      this.#taken -= 1;
    };
  }
}
