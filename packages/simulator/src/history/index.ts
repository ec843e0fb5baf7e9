export { HistoryRecorder, type HistorySummary, type Outcome } from "./history-recorder.ts";
export { type KeyAnswer, type KeyCall, type KeyState, keyModel } from "./models/key-value-model.ts";
export { checkLinearizability, type Verdict } from "./linearizability/linearizability.ts";
export type { Operation, SequentialModel } from "./operation.ts";
export { type RegisterAnswer, type RegisterCall, registerModel } from "./models/register-model.ts";
export { type TextCall, textModel } from "./models/text-map-model.ts";
