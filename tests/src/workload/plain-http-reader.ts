import type { Outcome } from "@raftkv/simulator/history";

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

function parseGet(body: unknown): Extract<Outcome, { kind: "answered" }>["answer"] {
  if (!isRecord(body) || body.found !== true || !isRecord(body.entry)) return { kind: "absent" };
  const { valueText, version, modRevision } = body.entry;
  return {
    kind: "found",
    value: String(valueText ?? ""),
    version: Number(version),
    modRevision: Number(modRevision),
  };
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null;
}
