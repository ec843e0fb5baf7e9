export type { AtRevisionOptions } from "./at-revision.ts";
export type { Random } from "./backoff.ts";
export type { CallOptions } from "./call.ts";
export type { RaftKvOptions } from "./client-settings.ts";
export type { Clock, Timer } from "./clock.ts";
export { RaftKvError, type RaftKvErrorCode, type RaftKvErrorOptions } from "./error.ts";
export type { HistoryOptions } from "./history.ts";
export type { KeyValue } from "./key-value.ts";
export type { Namespace, ReadOptions } from "./namespace.ts";
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
export type { ReadConsistency, ReadNeedsOptions } from "./read-needs.ts";
export type { KeyWrite } from "./read-operation.ts";
export type { StatusOptions } from "./status.ts";
export type { Observed, ObserveOptions } from "./watch/observe.ts";
export type { Watch } from "./watch/watch.ts";
export type { DeleteEvent, PutEvent, WatchBatch, WatchEvent } from "./watch/watch-event.ts";
export type { KeyRangeOptions, WatchOptions, WatchTarget } from "./watch/watch-options.ts";
export type { CompactResult, DeleteResult, PutResult } from "./write-request.ts";
