import { ClusterService } from "@raftkv/proto/cluster";
import { ElectionService, KvService, LockService } from "@raftkv/proto/kv";

const WRITES: ReadonlySet<string> = new Set(
  [
    KvService.method.put,
    KvService.method.delete,
    KvService.method.compact,
    KvService.method.deleteRange,
    KvService.method.transaction,
    KvService.method.grantLease,
    KvService.method.keepLeaseAlive,
    KvService.method.revokeLease,
    LockService.method.lock,
    LockService.method.unlock,
    ElectionService.method.campaign,
    ElectionService.method.proclaim,
    ElectionService.method.resign,
    ClusterService.method.changeMembership,
    ClusterService.method.leaveJoint,
    ClusterService.method.transferLeadership,
  ].map(({ name, parent }) => `/${parent.typeName}/${name}`),
);

/** Whether the path of an HTTP request names a unary method that changes something, and so belongs at the leader. */
export function isWriteMethod(path: string): boolean {
  return WRITES.has(path);
}
