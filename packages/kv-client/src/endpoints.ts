import type { Random } from "./backoff.ts";
import { type Address, parseAnnounced } from "./endpoint.ts";

const mostLearned = 64;

/**
 * Where to connect next: the leader as far as it is known, else the endpoints in turn. Members that nodes tell of are
 * tried after the configured ones, so that a client that knows only one node survives that node.
 */
export class Endpoints {
  readonly #configured: readonly Address[];
  #learned: readonly Address[] = [];
  #leader: Address | undefined;
  #turn: number;
  readonly #failed = new Set<Address>();

  /** The turn starts at a random endpoint, so that many clients spread over the nodes. */
  constructor(configured: readonly Address[], random: Random) {
    this.#configured = [...new Set(configured)];
    this.#turn = Math.floor(random() * this.#configured.length);
  }

  /** The address to try now. Taking it moves the turn on. */
  next(): Address {
    if (this.#leader !== undefined) return this.#leader;
    const all = this.all();
    const address = all[this.#turn % all.length];
    this.#turn++;
    if (address === undefined) throw new Error("a client without endpoints");
    return address;
  }

  all(): readonly Address[] {
    return [...new Set([...this.#configured, ...this.#learned])];
  }

  /**
   * A node has named this leader. True: it is the next to try, at once. False: it has failed since the last success, and
   * comes only in its turn, so that followers who have not noticed yet do not send the client back to a dead leader.
   */
  leaderIs(announced: string): boolean {
    const address = parseAnnounced(announced);
    if (address === undefined) return false;
    this.#learn([...this.#learned, address]);
    if (this.#failed.has(address)) return false;
    this.#leader = address;
    return true;
  }

  /** These are the members now; none where the node did not say. */
  membersAre(announced: readonly string[]): void {
    if (announced.length > 0) this.#learn(announced.map(parseAnnounced).filter((address) => address !== undefined));
  }

  /** A connection to it broke, or it did not serve. */
  failed(address: Address): void {
    this.#failed.add(address);
    if (this.#leader === address) this.#leader = undefined;
  }

  /** It has answered: what failed before may be tried again. */
  served(): void {
    if (this.#failed.size > 0) this.#failed.clear();
  }

  #learn(addresses: readonly Address[]): void {
    this.#learned = [...new Set(addresses)].slice(-mostLearned);
  }
}
