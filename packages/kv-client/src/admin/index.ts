export type { CallOptions } from "../call.ts";
export { RaftKvError, type RaftKvErrorCode, type RaftKvErrorOptions } from "../error.ts";
export type { Member, MemberStatus, NodeRole, NodeStatus, Replication, ReplicationStateName } from "../node-status.ts";
export type { StatusOptions } from "../status.ts";
export type { RaftKvAdminOptions } from "./admin-settings.ts";
export type { BackupInfo, BackupOptions, BackupSink } from "./backup.ts";
export type { ChangeMembershipOptions, ForceOptions, Membership } from "./membership-change.ts";
export type { MembershipStep } from "./membership-step.ts";
export { type AddMemberOptions, type InspectedNode, RaftKvAdmin, type SnapshotResult } from "./raft-kv-admin.ts";
