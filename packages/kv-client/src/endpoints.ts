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
  /** When each was last to be tried, in tries. */
  #tried: ReadonlyMap<Address, number> = new Map();
  #tries = 0;
  /** The position of the one that is tried first. */
  readonly #first: number;
  readonly #failed = new Set<Address>();

  /** The turn starts at a random endpoint, so that many clients spread over the nodes. */
  constructor(configured: readonly Address[], random: Random) {
    this.#configured = [...new Set(configured)];
    this.#first = Math.floor(random() * this.#configured.length);
  }

  /**
   * The address to try now: the leader, or the one that has waited longest. So each comes to its turn, however often what is
   * known of the members changes in between.
   */
  next(): Address {
    const all = this.all();
    const known = [...all.slice(this.#first), ...all.slice(0, this.#first)];
    const lastTry = (address: Address) => this.#tried.get(address) ?? 0;
    const longest = known.reduce<Address | undefined>(
      (best, address) => (best === undefined || lastTry(address) < lastTry(best) ? address : best),
      undefined,
    );
    const address = this.#leader ?? longest;
    if (address === undefined) throw new Error("a client without endpoints");
    const now = ++this.#tries;
    this.#tried = new Map(known.map((one) => [one, one === address ? now : lastTry(one)]));
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
