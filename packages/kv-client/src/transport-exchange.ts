import { createClient, type Transport } from "@connectrpc/connect";
import { type ExchangeRequest, KvService } from "@raftkv/proto/kv";
import type { ExchangeCall, ExchangeListener } from "./ports.ts";
import { PushQueue } from "./push-queue.ts";

/** Opens a stream of `Exchange` over any of Connect's transports; it ends when `signal` is aborted. */
export function exchangeOver(transport: Transport, listener: ExchangeListener, signal: AbortSignal): ExchangeCall {
  const requests = new PushQueue<ExchangeRequest>();
  signal.addEventListener("abort", () => requests.end(), { once: true });
  void read(transport, requests, listener, signal);
  return requests;
}

async function read(
  transport: Transport,
  requests: AsyncIterable<ExchangeRequest>,
  listener: ExchangeListener,
  signal: AbortSignal,
): Promise<void> {
  try {
    const responses = createClient(KvService, transport).exchange(requests, { signal });
    for await (const response of responses) listener.message(response);
    listener.closed(undefined);
  } catch (error) {
    listener.closed(error);
  }
}
