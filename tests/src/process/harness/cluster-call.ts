/** What a node says of itself and its cluster: the JSON form of `StatusResponse`. Numbers of 64 bits are strings in it. */
export interface NodeStatus {
  readonly nodeId: string;
  readonly clusterId: string;
  readonly memberId: string;
  readonly role: string;
  readonly leaderId?: string;
  readonly commitIndex: string;
  readonly appliedIndex: string;
  readonly firstIndex: string;
  readonly members: readonly MemberStatus[];
  readonly joint?: boolean;
  readonly membershipCommitted?: boolean;
}

export interface MemberStatus {
  readonly nodeId: string;
  readonly address: string;
  readonly memberId: string;
  readonly learner?: boolean;
  readonly promoteWhenCaughtUp?: boolean;
  readonly priority?: number;
}

/** One step of a change of membership, as `raftkv.cluster.v1.MembershipStep` has it in JSON. */
export type StepJson = Readonly<Record<string, unknown>>;

/** Why a node refused, or could not do, what it was asked. */
export class ClusterCallError extends Error {
  override readonly name = "ClusterCallError";
  /** Such as `ERROR_CODE_NOT_LEADER`; undefined if no node answered. */
  readonly code: string | undefined;

  constructor(code: string | undefined, message: string) {
    super(message);
    this.code = code;
  }
}

/**
 * Calls `ClusterService` as curl would: JSON over HTTP, to the leader where the node says so. Rejects with a
 * `ClusterCallError`.
 */
export async function callCluster<Answer>(
  endpoint: string,
  method: string,
  request: object = {},
  timeoutMs = 15_000,
): Promise<Answer> {
  const response = await fetch(`http://${endpoint}/raftkv.cluster.v1.ClusterService/${method}`, {
    method: "POST",
    headers: { "content-type": "application/json", "connect-timeout-ms": String(timeoutMs) },
    body: JSON.stringify(request),
    signal: AbortSignal.timeout(timeoutMs + 1_000),
  }).catch((error: unknown) => {
    throw new ClusterCallError(undefined, `${method} at ${endpoint}: ${String(error)}`);
  });
  const body: unknown = await response.json();
  if (response.ok) return body as Answer;
  const { message = "", details = [] } = body as ErrorJson;
  throw new ClusterCallError(details[0]?.debug?.code, message);
}

interface ErrorJson {
  readonly message?: string;
  readonly details?: readonly { readonly debug?: { readonly code?: string } }[];
}
