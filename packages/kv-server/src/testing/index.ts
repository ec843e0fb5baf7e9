export { stateStoreConformance } from "./state-store/conformance.ts";
export type { BreakableStatePlace, StateStorePlace, StateStoreSuiteOptions } from "./state-store/suite.ts";
