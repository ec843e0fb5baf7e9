import type { Outcome } from "./history-recorder.ts";

/** A linearizable read of one node, whatever its role, in plain JSON over HTTP/1.1. */
export async function readFromNode(address: string, key: string): Promise<Outcome> {
  try {
    const response = await fetch(`http://${address}/raftkv.kv.v1.KvService/Get`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ keyText: key }),
      signal: AbortSignal.timeout(2_000),
    });
    if (!response.ok) return { kind: "nothing" };
    return { kind: "answered", answer: parseGet(await response.json()) };
  } catch {
    return { kind: "nothing" };
  }
}

type Found = { readonly found?: boolean; readonly entry?: Record<string, unknown> };

function parseGet(body: Found): Extract<Outcome, { kind: "answered" }>["answer"] {
  if (body.found !== true || body.entry === undefined) return { kind: "absent" };
  return {
    kind: "found",
    value: String(body.entry.valueText ?? ""),
    version: Number(body.entry.version),
    modRevision: Number(body.entry.modRevision),
  };
}
