/** Somebody who has had the lock before, and has lost it without noticing, was refused. */
export class StaleToken extends Error {
  override readonly name = "StaleToken";

  constructor(token: number, newest: number) {
    super(`the lock was lost: token ${token}, and ${newest} has been here already`);
  }
}

/**
 * What the lock protects: how many tickets are left. Stands for anything outside the store that is read and then written,
 * such as a file, or a service of somebody else's, and can do no more than remember the largest token that it was shown.
 */
export class Stock {
  #left: number;
  #newest = 0;

  constructor(left: number) {
    this.#left = left;
  }

  get left(): number {
    return this.#left;
  }

  /** Rejects an earlier holder. Whoever reads is here: an earlier holder's write would come too late to be seen. */
  read(token: number): number {
    this.#check(token);
    return this.#left;
  }

  write(left: number, token: number): void {
    this.#check(token);
    this.#left = left;
  }

  #check(token: number): void {
    if (token < this.#newest) throw new StaleToken(token, this.#newest);
    this.#newest = token;
  }
}
