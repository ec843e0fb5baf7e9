import type { Random } from "./backoff.ts";
import { type Address, parseAnnounced } from "./endpoint.ts";

const mostLearned = 64;
/** Of addresses that nobody names any more it is remembered for so many when they were tried. */
const mostRemembered = 256;

/**
 * Where to connect next: the leader as far as it is known, else the endpoints in turn. Members that nodes tell of are
 * tried after the configured ones, so that a client that knows only one node survives that node.
 */
export class Endpoints {
  readonly #configured: readonly Address[];
  #learned: readonly Address[] = [];
  #leader: Address | undefined;
  /** When each was last to be tried, in tries, the oldest first; also of those that may be named again. */
  readonly #tried = new Map<Address, number>();
  #tries = 0;
  /** What was tried before that is forgotten. */
  #rememberedSince = 0;
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
   * known of the members changes in between: who drops out and comes back has not waited longer than those who stayed.
   */
  next(): Address {
    const all = this.all();
    const known = [...all.slice(this.#first), ...all.slice(0, this.#first)];
    const lastTry = (address: Address) => this.#tried.get(address) ?? this.#rememberedSince;
    const longest = known.reduce<Address | undefined>(
      (best, address) => (best === undefined || lastTry(address) < lastTry(best) ? address : best),
      undefined,
    );
    const address = this.#leader ?? longest;
    if (address === undefined) throw new Error("a client without endpoints");
    this.#remember(address);
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

  #remember(address: Address): void {
    this.#tried.delete(address);
    this.#tried.set(address, ++this.#tries);
    const [oldest] = this.#tried;
    if (oldest === undefined || this.#tried.size <= this.#configured.length + mostRemembered) return;
    this.#tried.delete(oldest[0]);
    this.#rememberedSince = oldest[1];
  }

  #learn(addresses: readonly Address[]): void {
    this.#learned = [...new Set(addresses)].slice(-mostLearned);
  }
}
