import { type ConnectRouter, createConnectRouter } from "@connectrpc/connect";
import type { UniversalHandler, UniversalServerRequest, UniversalServerResponse } from "@connectrpc/connect/protocol";

export type Routes = (router: ConnectRouter) => void;

export interface SwitchingRoutesOptions {
  /** What is served until `switchTo` is called. It has every service that may be switched to. */
  readonly first: Routes;
  /** Sees each answer before it leaves. */
  readonly finish: (request: UniversalServerRequest, response: UniversalServerResponse) => UniversalServerResponse;
  /** Options of each router. */
  readonly router: Parameters<typeof createConnectRouter>[0];
}

/** Services that can be exchanged while the server listens: a router's handlers cannot. */
export class SwitchingRoutes {
  readonly #options: SwitchingRoutesOptions;
  readonly #first: readonly UniversalHandler[];
  #present: ReadonlyMap<string, UniversalHandler>;

  constructor(options: SwitchingRoutesOptions) {
    this.#options = options;
    this.#first = this.#handlers(options.first);
    this.#present = byPath(this.#first);
  }

  /** Requests from now on go to these. Those under way end where they began. */
  switchTo(routes: Routes): void {
    this.#present = byPath(this.#handlers(routes));
  }

  readonly mount: Routes = (router) => {
    for (const first of this.#first) {
      const { protocolNames, service, method, requestPath, allowedMethods, supportedContentType } = first;
      const description = { protocolNames, service, method, requestPath, allowedMethods, supportedContentType };
      const handle = async (request: UniversalServerRequest): Promise<UniversalServerResponse> => {
        const handler = this.#present.get(requestPath) ?? first;
        return this.#options.finish(request, await handler(request));
      };
      router.handlers.push(Object.assign(handle, description));
    }
  };

  #handlers(routes: Routes): readonly UniversalHandler[] {
    const router = createConnectRouter(this.#options.router);
    routes(router);
    return router.handlers;
  }
}

function byPath(handlers: readonly UniversalHandler[]): ReadonlyMap<string, UniversalHandler> {
  return new Map(handlers.map((handler) => [handler.requestPath, handler]));
}
