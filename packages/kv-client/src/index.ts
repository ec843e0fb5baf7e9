export type { AtRevisionOptions } from "./at-revision.ts";
export type { Random } from "./backoff.ts";
export type { CallOptions } from "./call.ts";
export type { RaftKvOptions } from "./client-settings.ts";
export type { Clock, Timer } from "./clock.ts";
export type { Barrier, HoldBarrierOptions } from "./coordination/barrier.ts";
export type { CampaignOptions, Election, Leadership } from "./coordination/election.ts";
export type { Held } from "./coordination/held.ts";
export type { Lock, LockOptions } from "./coordination/lock.ts";
export type { QueueOptions } from "./coordination/queue.ts";
export type { Permit, Semaphore } from "./coordination/semaphore.ts";
export type { WaitOptions } from "./coordination/wait.ts";
export { RaftKvError, type RaftKvErrorCode, type RaftKvErrorOptions } from "./error.ts";
export type { HistoryOptions } from "./history.ts";
export type { KeyRangeTarget } from "./key-range.ts";
export type { KeyValue } from "./key-value.ts";
export type { Lease } from "./leases/lease.ts";
export type { LeaseInfo, RevokeResult } from "./leases/lease-requests.ts";
export type { GrantOptions, LeaseReadOptions, Leases } from "./leases/leases.ts";
export type { PutLeaseOptions } from "./leases/put-lease.ts";
export type { Namespace, PutOptions, ReadOptions } from "./namespace.ts";
export type { Member, MemberStatus, NodeRole, NodeStatus, Replication, ReplicationStateName } from "./node-status.ts";
export type {
  ClientPorts,
  Connect,
  ConnectOptions,
  ExchangeCall,
  ExchangeListener,
  NodeConnection,
  WatchCall,
  WatchListener,
} from "./ports.ts";
export { type CloseOptions, RaftKv } from "./raft-kv.ts";
export type { RangeOptions } from "./range.ts";
export type { RangeViewOptions, RevisionFilterOptions, SortBy } from "./range-options.ts";
export type { ReadConsistency, ReadNeedsOptions } from "./read-needs.ts";
export type { KeyWrite } from "./read-operation.ts";
export type { StatusOptions } from "./status.ts";
export {
  type Comparable,
  type ComparableKey,
  type Comparison,
  key,
  keys,
  type PutStepOptions,
  type RangeStepOptions,
  type RangeStepResult,
  type Step,
  type StepOptions,
  type StepResults,
  step,
  type TransactionResult,
  type TransactionSpec,
} from "./transaction/index.ts";
export type { KeyTypes, ValueTypes } from "./typed/entry-types.ts";
export { json } from "./typed/json.ts";
export { type KeyCodec, textKey } from "./typed/key-codec.ts";
export { integerPart, type KeyPart, textPart } from "./typed/key-part.ts";
export { type TemplateParameters, templateKey } from "./typed/template-key.ts";
export { tupleKey } from "./typed/tuple-key.ts";
export type { TypedEntry } from "./typed/typed-entry.ts";
export type { TypedKeyWrite, TypedNamespace, TypedObserved } from "./typed/typed-namespace.ts";
export type { TypedBounds, TypedRangeOptions, TypedTarget } from "./typed/typed-range.ts";
export type { TypedDeleteRangeResult, TypedDeleteResult, TypedPutResult } from "./typed/typed-results.ts";
export type { TypedRangeStepOptions, TypedRangeStepResult, TypedSteps } from "./typed/typed-steps.ts";
export type {
  TypedDeleteEvent,
  TypedPutEvent,
  TypedWatch,
  TypedWatchBatch,
  TypedWatchEvent,
} from "./typed/typed-watch.ts";
export type { UpdateOptions } from "./typed/update.ts";
export type { ValueCodec, ValueFormat } from "./typed/value-codec.ts";
export type { Observed, ObserveOptions } from "./watch/observe.ts";
export type { Watch } from "./watch/watch.ts";
export type { DeleteEvent, PutEvent, WatchBatch, WatchEvent } from "./watch/watch-event.ts";
export type { WatchOptions, WatchTarget } from "./watch/watch-options.ts";
export type { Fence, FenceOptions, WriteOptions } from "./write-options.ts";
export type { CompactResult } from "./write-request.ts";
export type { DeleteRangeResult, DeleteResult, PutResult } from "./write-results.ts";
