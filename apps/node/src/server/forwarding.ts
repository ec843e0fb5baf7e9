import { isMessage } from "@bufbuild/protobuf";
import { type Client, createClient, type Interceptor } from "@connectrpc/connect";
import { createGrpcTransport, Http2SessionManager } from "@connectrpc/connect-node";
import type { ForwardClient, LeaderHint } from "@raftkv/kv-server";
import {
  CampaignRequestSchema,
  CompactRequestSchema,
  DeleteRangeRequestSchema,
  DeleteRequestSchema,
  GrantLeaseRequestSchema,
  KeepLeaseAliveRequestSchema,
  KvService,
  LockRequestSchema,
  ProclaimRequestSchema,
  PutRequestSchema,
  ResignRequestSchema,
  RevokeLeaseRequestSchema,
  TransactionRequestSchema,
  UnlockRequestSchema,
} from "@raftkv/proto/kv";

const header = "raftkv-forward";
const idleConnectionTimeoutMs = 60_000;
const pingIntervalMs = 5_000;
const pingTimeoutMs = 3_000;
/** For a call that brings no deadline of its own: the leader's machine may be gone without a word. */
const defaultTimeoutMs = 10_000;

/** `Raftkv-Forward: true` asks for the same as `forward` in the request, where a header is easier to set. */
export const forwardHeader: Interceptor = (next) => (request) => {
  if (!request.stream && request.header.get(header)?.toLowerCase() === "true") {
    const { message } = request;
    if (forwardable.some((schema) => isMessage(message, schema))) Object.assign(message, { forward: true });
  }
  return next(request);
};

const forwardable = [
  PutRequestSchema,
  DeleteRequestSchema,
  DeleteRangeRequestSchema,
  TransactionRequestSchema,
  CompactRequestSchema,
  GrantLeaseRequestSchema,
  KeepLeaseAliveRequestSchema,
  RevokeLeaseRequestSchema,
  LockRequestSchema,
  UnlockRequestSchema,
  CampaignRequestSchema,
  ProclaimRequestSchema,
  ResignRequestSchema,
];

interface Connection {
  readonly client: Client<typeof KvService>;
  readonly session: Http2SessionManager;
}

/** Clients of the other nodes, for writes that are passed on; one connection an address. */
export class Forwarding {
  readonly #connections = new Map<string, Connection>();
  readonly #timeoutMs: number;

  /** `timeoutMs` is for calls that have no deadline. */
  constructor(timeoutMs: number = defaultTimeoutMs) {
    this.#timeoutMs = timeoutMs;
  }

  /** A client of the leader. */
  readonly clientOf = ({ address }: LeaderHint): ForwardClient => {
    const known = this.#connections.get(address) ?? connect(address, this.#timeoutMs);
    this.#connections.set(address, known);
    return known.client;
  };

  close(): void {
    for (const { session } of this.#connections.values()) session.abort();
    this.#connections.clear();
  }
}

function connect(address: string, timeoutMs: number): Connection {
  const baseUrl = `http://${address}`;
  const session = new Http2SessionManager(baseUrl, { idleConnectionTimeoutMs, pingIntervalMs, pingTimeoutMs });
  const transport = createGrpcTransport({ baseUrl, sessionManager: session, defaultTimeoutMs: timeoutMs });
  return { client: createClient(KvService, transport), session };
}
