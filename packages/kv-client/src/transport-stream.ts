import { createClient, type Transport } from "@connectrpc/connect";
import { type ExchangeRequest, KvService, type WatchRequest } from "@raftkv/proto/kv";
import type { ExchangeCall, ExchangeListener, WatchCall, WatchListener } from "./ports.ts";
import { PushQueue } from "./push-queue.ts";

/** Opens a stream of `Exchange` over any of Connect's transports; it ends when `signal` is aborted. */
export function exchangeOver(transport: Transport, listener: ExchangeListener, signal: AbortSignal): ExchangeCall {
  const requests = new PushQueue<ExchangeRequest>();
  signal.addEventListener("abort", () => requests.end(), { once: true });
  void read(() => createClient(KvService, transport).exchange(requests, { signal }), listener);
  return requests;
}

/** The same of `Watch`. */
export function watchOver(transport: Transport, listener: WatchListener, signal: AbortSignal): WatchCall {
  const requests = new PushQueue<WatchRequest>();
  signal.addEventListener("abort", () => requests.end(), { once: true });
  void read(() => createClient(KvService, transport).watch(requests, { signal }), listener);
  return requests;
}

async function read<Response>(
  open: () => AsyncIterable<Response>,
  listener: { message(response: Response): void; closed(error: unknown): void },
): Promise<void> {
  try {
    for await (const response of open()) listener.message(response);
    listener.closed(undefined);
  } catch (error) {
    listener.closed(error);
  }
}
