import { execFileSync } from "node:child_process";

/** A MAC address that nobody has: the switch delivers what is sent to it to no one. */
const nobody = "02:00:00:00:00:fe";
const device = "eth0";

let networks = 0;

/**
 * Hosts of their own on one machine: network namespaces, joined by a switch in a namespace of its own, so that nothing
 * outside is touched. Links can be cut one way without anybody being told, as a broken network does it: packets vanish.
 */
export class NetworkHosts implements Disposable {
  readonly #prefix: string;
  readonly #count: number;
  readonly #cuts = new Set<string>();

  private constructor(prefix: string, count: number) {
    this.#prefix = prefix;
    this.#count = count;
  }

  /** Why there can be none here; undefined: there can. */
  static unavailable(): string | undefined {
    const name = `rkv${process.pid}-probe`;
    try {
      ip("netns", "add", name);
      ip("-n", name, "link", "add", "probe", "type", "bridge");
      return undefined;
    } catch (error) {
      return `network namespaces are not available: ${error instanceof Error ? error.message.trim() : String(error)}`;
    } finally {
      tryIp("netns", "delete", name);
    }
  }

  /** Hosts 1 to `count`, each of which reaches the others. */
  static create(count: number): NetworkHosts {
    const hosts = new NetworkHosts(`rkv${process.pid}-${++networks}`, count);
    try {
      hosts.#build();
    } catch (error) {
      hosts[Symbol.dispose]();
      throw error;
    }
    return hosts;
  }

  /** Those that another process of this machine has made, and will remove. */
  static attach(prefix: string, count: number): NetworkHosts {
    return new NetworkHosts(prefix, count);
  }

  /** What `attach` needs. */
  get prefix(): string {
    return this.#prefix;
  }

  address(host: number): string {
    return `10.231.77.${host}`;
  }

  /** What to put before a command line to have it run on that host. */
  wrapper(host: number): readonly string[] {
    return ["ip", "netns", "exec", this.#name(host)];
  }

  /** Whatever `from` sends to `to` vanishes; the other way is open unless it is cut too. */
  cut(from: number, to: number): void {
    this.#cuts.add(`${from}>${to}`);
    ip(
      "-n",
      this.#name(from),
      "neigh",
      "replace",
      this.address(to),
      "lladdr",
      nobody,
      "dev",
      device,
      "nud",
      "permanent",
    );
  }

  /** Both ways between each of `group` and each of `others`. */
  separate(group: readonly number[], others: readonly number[]): void {
    for (const one of group) {
      for (const other of others) {
        this.cut(one, other);
        this.cut(other, one);
      }
    }
  }

  heal(): void {
    for (const cut of this.#cuts) {
      const [from, to] = cut.split(">").map(Number);
      if (from !== undefined && to !== undefined) {
        ip("-n", this.#name(from), "neigh", "delete", this.address(to), "dev", device);
      }
    }
    this.#cuts.clear();
  }

  /** End the processes on the hosts first. */
  [Symbol.dispose](): void {
    for (let host = 0; host <= this.#count; host++) tryIp("netns", "delete", this.#name(host));
  }

  #build(): void {
    const hub = this.#name(0);
    ip("netns", "add", hub);
    ip("-n", hub, "link", "add", "switch", "type", "bridge");
    ip("-n", hub, "link", "set", "switch", "up");
    for (let host = 1; host <= this.#count; host++) this.#addHost(host);
  }

  #addHost(host: number): void {
    const name = this.#name(host);
    const hub = this.#name(0);
    const port = `port${host}`;
    ip("netns", "add", name);
    ip("-n", hub, "link", "add", port, "type", "veth", "peer", "name", device, "netns", name);
    ip("-n", hub, "link", "set", port, "master", "switch", "up");
    ip("-n", name, "address", "add", `${this.address(host)}/24`, "dev", device);
    ip("-n", name, "link", "set", device, "up");
    ip("-n", name, "link", "set", "lo", "up");
  }

  #name(host: number): string {
    return `${this.#prefix}-${host}`;
  }
}

function ip(...args: readonly string[]): void {
  execFileSync("ip", args, { stdio: ["ignore", "ignore", "pipe"], encoding: "utf8" });
}

function tryIp(...args: readonly string[]): void {
  try {
    ip(...args);
  } catch {
    // Not there, or not allowed: there is nothing to clean up.
  }
}
