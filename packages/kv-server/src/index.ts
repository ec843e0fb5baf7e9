export type { BackupHeader } from "./backup/backup-format.ts";
export {
  DEFAULT_REVISION_BUMP,
  type RestoreOptions,
  type RestoreSummary,
  restoreBackup,
  verifyBackup,
} from "./backup/restore-backup.ts";
export { encodeEnvelope } from "./codec/envelope.ts";
export { KvError, type KvErrorCode } from "./kv-error.ts";
export { DEFAULT_KV_LIMITS, type KvLimits } from "./limits.ts";
export type * from "./ports/spool.ts";
export type * from "./ports/state-store.ts";
export type * from "./ports/storage.ts";
export { DEFAULT_HISTORY_POLICY, type HistoryPolicy } from "./services/auto-compaction.ts";
export { type Failure, KvFailure, type LeaderHint } from "./services/kv-failure.ts";
export { KvServices } from "./services/kv-services.ts";
export { isWriteMethod } from "./services/method-path.ts";
export type { InspectedPeer, InspectPeer, WantedMarks, WholeMark } from "./services/peer-inspection.ts";
export { DEFAULT_CHECK_INTERVAL_MS } from "./services/periodic-check.ts";
export type { ForwardClient, KvServicesOptions } from "./services/service-context.ts";
export { type ToldState, toldState } from "./services/told-state.ts";
export type { Answer, ApplyResult, Refusal, RefusalCode } from "./state/answer.ts";
export type { ClusterClock } from "./state/cluster-clock.ts";
export { APPLY_VERSION } from "./state/counters.ts";
export type { EntryDecoder } from "./state/entry-decoder.ts";
export type { Fingerprint } from "./state/fingerprint.ts";
export type { KeyEntry } from "./state/key-record.ts";
export { KvStateMachine, type KvStateMachineOptions } from "./state/kv-state-machine.ts";
export { DEFAULT_MERGE_LIMITS, type MergeLimits } from "./state/merger.ts";
export type { Read, ReadAnswer, ReadAnswers, ReadLimits } from "./state/read.ts";
export type { StateMark } from "./state/state-marks.ts";
