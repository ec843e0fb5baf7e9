export { BrokenHistory } from "./broken-history.ts";
export { checkHistory, type HistoryVerdict, type Judged } from "./check-history.ts";
export { checkExactlyOnce } from "./checkers/exactly-once.ts";
export { type Facts, type Finding, factsOfKeys, factsOfStore, type SeenEntry } from "./checkers/facts.ts";
export { promisesBroken } from "./checkers/promises.ts";
export { checkRevisionOrder } from "./checkers/revision-order.ts";
export { checkMonotonicReads, checkSessionOrder } from "./checkers/session-order.ts";
export { explainFailure, type FailureExplained } from "./drawing/explain-failure.ts";
export type { DrawnOperation, Part } from "./drawing/layout.ts";
export { drawPage } from "./drawing/page.ts";
export { drawTimeline } from "./drawing/timeline.ts";
export { formatHistory, HistoryFormatError, type OperationParser, parseHistory } from "./format/history-lines.ts";
export { keyParser, registerParser, storeParser, textParser } from "./format/parsers.ts";
export { HistoryRecorder, type HistorySummary, type Outcome } from "./history-recorder.ts";
export { type Judgement, judges } from "./judge-text.ts";
export { checkLeases, type LeaseClocks } from "./leases/check-leases.ts";
export { checkLocks } from "./leases/check-locks.ts";
export type { LeasePromise, LeaseRecord, LeaseRefusal, LeaseSeen } from "./leases/lease-record.ts";
export type { FencedWrite, LockGone, LockHold, LockPlace, LockRecord } from "./leases/lock-record.ts";
export type { Explanation } from "./linearizability/frontier.ts";
export {
  checkLinearizability,
  type Linearizable,
  type NotLinearizable,
  type SearchBudget,
  type Undecided,
  type Verdict,
} from "./linearizability/linearizability.ts";
export { type OffendingPart, shrinkHistory } from "./linearizability/shrink-history.ts";
export { type KeyAnswer, type KeyCall, type KeyState, keyModel } from "./models/key-value-model.ts";
export { type RegisterAnswer, type RegisterCall, type RegisterValue, registerModel } from "./models/register-model.ts";
export { type StoreState, storeModel, storeModelFrom } from "./models/store-model.ts";
export type {
  StoreAnswer,
  StoreCall,
  StoreComparison,
  StoreEntry,
  StoreTransaction,
} from "./models/store-operation.ts";
export { type TextCall, textModel } from "./models/text-map-model.ts";
export type { Operation, SequentialModel } from "./operation.ts";
export { checkStateReads } from "./replay/check-state-reads.ts";
export { checkWatches } from "./replay/check-watches.ts";
export type { StateAnswer, StateBounds, StateCall, StateRead } from "./replay/state-read.ts";
export { type KeyRange, type KeyVersion, type RevisionWritten, StoreReplay } from "./replay/store-replay.ts";
export type { WatchAsked, WatchedChange, WatchRecord, WatchTold } from "./replay/watch-record.ts";
