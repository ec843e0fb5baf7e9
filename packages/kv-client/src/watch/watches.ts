import type { ClientSettings } from "../client-settings.ts";
import { Endpoints } from "../endpoints.ts";
import { KeepAlive } from "./keep-alive.ts";
import { Watch } from "./watch.ts";
import { WatchConnection } from "./watch-connection.ts";
import type { WatchOptions, WatchPlan } from "./watch-options.ts";

/** All watches of one client. */
export class Watches {
  readonly #settings: ClientSettings;
  readonly #open = new Set<Watch>();
  /** Not before there is a watch. */
  #connection: WatchConnection | undefined;
  readonly #keepAlive: KeepAlive;

  constructor(settings: ClientSettings) {
    this.#settings = settings;
    this.#keepAlive = new KeepAlive(settings.clock);
  }

  open(plan: WatchPlan, options: WatchOptions): Watch {
    const { clock, timeoutMs } = this.#settings;
    this.#connection ??= new WatchConnection(endpoints(this.#settings), this.#settings);
    const closed = (one: Watch) => this.#open.delete(one);
    const watch = new Watch(
      { plan, connection: this.#connection, clock, timeoutMs, keepAlive: this.#keepAlive, closed },
      options,
    );
    if (options.signal?.aborted !== true) this.#open.add(watch);
    return watch;
  }

  close(): void {
    for (const watch of [...this.#open]) watch.clientClosed();
    this.#connection?.close();
  }
}

/** Any node serves watches: they spread over the nodes, unless reads are to come from one of them first. */
function endpoints({ readFrom, addresses, random }: ClientSettings): Endpoints {
  if (typeof readFrom === "string") return new Endpoints(addresses, random);
  return new Endpoints([readFrom.address, ...addresses], () => 0);
}
