import { createHash } from "node:crypto";
import { callCluster, type NodeStatus } from "../process/harness/cluster-call.ts";
import { until } from "../process/harness/until.ts";

/** What a node holds, read from itself alone. */
interface NodeContents {
  readonly appliedIndex: string;
  readonly revision: string;
  readonly keys: number;
  /** Of every key with its value, versions and revisions, in order. */
  readonly digest: string;
}

const pageSize = 1_000;

/**
 * Waits until every node has applied all that is committed, and holds the same. Resolves with how many keys that is;
 * rejects at the deadline with what each of them holds.
 */
export async function untilEqual(endpoints: readonly string[], timeoutMs: number): Promise<number> {
  let last: readonly NodeContents[] = [];
  const equal = async (): Promise<number | undefined> => {
    last = await Promise.all(endpoints.map(contentsOf)).catch(() => []);
    const [first] = last;
    if (first === undefined) return undefined;
    return last.every((one) => JSON.stringify(one) === JSON.stringify(first)) ? first.keys : undefined;
  };
  return until(() => `all nodes to hold the same (they hold ${JSON.stringify(last)})`, equal, timeoutMs);
}

async function contentsOf(endpoint: string): Promise<NodeContents> {
  const status = await callCluster<NodeStatus & { readonly revision: string }>(endpoint, "Status");
  const hash = createHash("sha256");
  let keys = 0;
  let from: string | undefined = base64("load/");
  while (from !== undefined) {
    const page: RangeJson = await readPage(endpoint, from);
    for (const entry of page.entries ?? []) hash.update(JSON.stringify(entry));
    keys += page.entries?.length ?? 0;
    from = page.next === undefined || page.next === "" ? undefined : page.next;
  }
  return { appliedIndex: status.appliedIndex, revision: status.revision, keys, digest: hash.digest("hex") };
}

interface RangeJson {
  readonly entries?: readonly object[];
  readonly next?: string;
}

/** As this node has it, whatever the others have. */
async function readPage(endpoint: string, from: string): Promise<RangeJson> {
  const response = await fetch(`http://${endpoint}/raftkv.kv.v1.KvService/Range`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ from, to: base64("load0"), limit: pageSize, consistency: "CONSISTENCY_SERIALIZABLE" }),
    signal: AbortSignal.timeout(5_000),
  });
  if (!response.ok) throw new Error(`Range at ${endpoint}: ${response.status} ${await response.text()}`);
  return (await response.json()) as RangeJson;
}

function base64(text: string): string {
  return Buffer.from(text).toString("base64");
}
