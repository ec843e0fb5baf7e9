import { create } from "@bufbuild/protobuf";
import {
  type GetLeaseRequest,
  type GetLeaseResponse,
  GetLeaseResponseSchema,
  type GrantLeaseRequest,
  type GrantLeaseResponse,
  GrantLeaseResponseSchema,
  type KeepLeaseAliveRequest,
  type KeepLeaseAliveResponse,
  KeepLeaseAliveResponseSchema,
  type ListLeasesRequest,
  type ListLeasesResponse,
  ListLeasesResponseSchema,
  type RevokeLeaseRequest,
  type RevokeLeaseResponse,
  RevokeLeaseResponseSchema,
} from "@raftkv/proto/kv";
import { leaseMessage, leasesMessage } from "./lease-messages.ts";
import type { ServiceContext } from "./service-context.ts";
import { readOne } from "./unary-reads.ts";
import { type Call, forwarded, leaderClient, unexpected, write } from "./unary-writes.ts";
import { leaseRead, leasesRead } from "./wire-reads.ts";

export async function grantLease(
  context: ServiceContext,
  request: GrantLeaseRequest,
  call: Call,
): Promise<GrantLeaseResponse> {
  const client = request.forward ? leaderClient(context) : undefined;
  if (client !== undefined) {
    return forwarded(call, (options) => client.grantLease({ ...request, forward: false }, options));
  }
  const { ttlMs, leaseId } = request;
  const value = { $typeName: "raftkv.kv.v1.GrantLeaseOperation", ttlMs, leaseId } as const;
  const answer = await write(context, { operation: { case: "grantLease", value }, fence: undefined, bytes: 0 }, call);
  if (answer.kind !== "grantLease") throw unexpected(answer);
  return create(GrantLeaseResponseSchema, { leaseId: BigInt(answer.leaseId), ttlMs: BigInt(answer.ttlMs) });
}

export async function keepLeaseAlive(
  context: ServiceContext,
  request: KeepLeaseAliveRequest,
  call: Call,
): Promise<KeepLeaseAliveResponse> {
  const client = request.forward ? leaderClient(context) : undefined;
  if (client !== undefined) {
    return forwarded(call, (options) => client.keepLeaseAlive({ ...request, forward: false }, options));
  }
  const value = { $typeName: "raftkv.kv.v1.KeepLeaseAliveOperation", leaseId: request.leaseId } as const;
  const operation = { case: "keepLeaseAlive", value } as const;
  const answer = await write(context, { operation, fence: undefined, bytes: 0 }, call);
  if (answer.kind !== "keepLeaseAlive") throw unexpected(answer);
  return create(KeepLeaseAliveResponseSchema, { ttlMs: BigInt(answer.ttlMs) });
}

export async function revokeLease(
  context: ServiceContext,
  request: RevokeLeaseRequest,
  call: Call,
): Promise<RevokeLeaseResponse> {
  const client = request.forward ? leaderClient(context) : undefined;
  if (client !== undefined) {
    return forwarded(call, (options) => client.revokeLease({ ...request, forward: false }, options));
  }
  const value = { $typeName: "raftkv.kv.v1.RevokeLeaseOperation", leaseId: request.leaseId } as const;
  const answer = await write(context, { operation: { case: "revokeLease", value }, fence: undefined, bytes: 0 }, call);
  if (answer.kind !== "revokeLease") throw unexpected(answer);
  const { revision, deleted } = answer;
  return create(RevokeLeaseResponseSchema, { revision: BigInt(revision), deleted: BigInt(deleted) });
}

export async function getLease(
  context: ServiceContext,
  request: GetLeaseRequest,
  call: Pick<Call, "signal">,
): Promise<GetLeaseResponse> {
  const { revision, answer } = await readOne(context, leaseRead(request), request, call);
  if (answer.kind !== "lease") throw new Error(`a read of a lease was answered as a ${answer.kind}`);
  return create(GetLeaseResponseSchema, { lease: leaseMessage(answer), revision: BigInt(revision) });
}

export async function listLeases(
  context: ServiceContext,
  request: ListLeasesRequest,
  call: Pick<Call, "signal">,
): Promise<ListLeasesResponse> {
  const { revision, answer } = await readOne(context, leasesRead(request), request, call);
  if (answer.kind !== "leases") throw new Error(`a read of leases was answered as a ${answer.kind}`);
  const { leases, next } = leasesMessage(answer);
  return create(ListLeasesResponseSchema, { leases, next, revision: BigInt(revision) });
}
