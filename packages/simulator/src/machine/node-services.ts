import { createRouterTransport, type Transport } from "@connectrpc/connect";
import { KvServices, type KvServicesOptions } from "@raftkv/kv-server";

/** How long the writes under way may take to be answered when a node stops. */
const answersMs = 2_000;

/** What one node serves to clients. It comes to be with the first of them. */
export class NodeServices {
  readonly #options: KvServicesOptions & Required<Pick<KvServicesOptions, "clock">>;
  #services: KvServices | undefined;
  #unary: Transport | undefined;

  constructor(options: KvServicesOptions & Required<Pick<KvServicesOptions, "clock">>) {
    this.#options = options;
  }

  get services(): KvServices {
    this.#services ??= new KvServices(this.#options);
    return this.#services;
  }

  /** For calls that are no streams: by Connect's own way from call to handler. */
  get unary(): Transport {
    this.#unary ??= createRouterTransport((router) => this.services.register(router));
    return this.#unary;
  }

  /** As a node does that is told to stop: no new writes, and those under way are answered, in bounded time. */
  async close(): Promise<void> {
    if (this.#services === undefined) return;
    const { promise: timeUp, resolve } = Promise.withResolvers<void>();
    const timer = this.#options.clock.setTimer(answersMs, resolve);
    await Promise.race([this.#services.drain(), timeUp]);
    timer.cancel();
    this.#services.close();
  }
}
