import { createConnectRouter } from "@connectrpc/connect";
import type { KvServices } from "../services/kv-services.ts";

export interface RawAnswer {
  readonly status: number;
  /** The JSON of an error; what a success holds is not looked at. */
  readonly error: unknown;
}

/** Calls a unary method with a body and headers that no client would send. */
export async function rawCall(
  services: KvServices,
  method: string,
  body: Uint8Array,
  headers: Readonly<Record<string, string>>,
): Promise<RawAnswer> {
  const router = createConnectRouter();
  services.register(router);
  const handler = router.handlers.find(({ requestPath }) => requestPath.endsWith(`/${method}`));
  if (handler === undefined) throw new Error(`there is no method ${method}`);
  const answer = await handler({
    httpVersion: "1.1",
    method: "POST",
    url: "http://127.0.0.1/",
    header: new Headers(headers),
    body: (async function* () {
      yield body;
    })(),
    signal: new AbortController().signal,
  });
  const chunks: Uint8Array[] = [];
  for await (const chunk of answer.body ?? []) chunks.push(chunk);
  return { status: answer.status, error: answer.status === 200 ? undefined : JSON.parse(`${Buffer.concat(chunks)}`) };
}
