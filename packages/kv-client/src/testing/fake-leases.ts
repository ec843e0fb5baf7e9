import { create } from "@bufbuild/protobuf";
import {
  ErrorCode,
  ErrorDetailSchema,
  type LeasesOperation,
  type Operation,
  type OperationResult,
  OperationResultSchema,
  type ReadResult,
  ReadResultSchema,
} from "@raftkv/proto/kv";

/** Leases on which no time passes. Which keys have them the store knows. */
export class FakeLeases {
  readonly #ttls = new Map<bigint, bigint>();
  #chosen = 10n ** 15n;

  /** Undefined: it is no operation about leases. `deleteKeys` is called with a lease that ends. */
  perform(
    { operation }: Operation,
    deleteKeys: (leaseId: bigint) => { readonly revision: bigint; readonly deleted: bigint },
  ): OperationResult | undefined {
    if (operation.case === "grantLease") {
      const { ttlMs } = operation.value;
      const leaseId = operation.value.leaseId === 0n ? this.#chosen++ : operation.value.leaseId;
      this.#ttls.set(leaseId, ttlMs);
      return create(OperationResultSchema, { result: { case: "grantLease", value: { leaseId, ttlMs } } });
    }
    if (operation.case !== "keepLeaseAlive" && operation.case !== "revokeLease") return undefined;
    const { leaseId } = operation.value;
    const ttlMs = this.#ttls.get(leaseId);
    if (ttlMs === undefined) {
      const value = create(ErrorDetailSchema, { code: ErrorCode.LEASE_NOT_FOUND, message: "it has ended" });
      return create(OperationResultSchema, { result: { case: "error", value } });
    }
    if (operation.case === "keepLeaseAlive") {
      return create(OperationResultSchema, { result: { case: "keepLeaseAlive", value: { ttlMs } } });
    }
    this.#ttls.delete(leaseId);
    return create(OperationResultSchema, { result: { case: "revokeLease", value: deleteKeys(leaseId) } });
  }

  lease(leaseId: bigint, keys: readonly Uint8Array[]): ReadResult {
    const ttlMs = this.#ttls.get(leaseId);
    const found = ttlMs !== undefined;
    const value = { found, ttlMs: ttlMs ?? 0n, leftMs: ttlMs ?? 0n, keyCount: BigInt(keys.length), keys: [...keys] };
    return create(ReadResultSchema, { result: { case: "lease", value } });
  }

  /** Two a page. */
  list({ fromLeaseId }: LeasesOperation): ReadResult {
    const ids = [...this.#ttls.keys()].filter((id) => id >= fromLeaseId).sort((a, b) => Number(a - b));
    const leases = ids.slice(0, 2).map((leaseId) => ({ leaseId, ttlMs: this.#ttls.get(leaseId) ?? 0n }));
    return create(ReadResultSchema, { result: { case: "leases", value: { leases, next: ids[2] ?? 0n } } });
  }
}
