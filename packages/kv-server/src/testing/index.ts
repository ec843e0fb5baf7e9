export {
  type StateModelPlace,
  type StateModelSuiteOptions,
  stateModelConformance,
} from "./state-model/conformance.ts";
export { stateStoreConformance } from "./state-store/conformance.ts";
export type { BreakableStatePlace, StateStorePlace, StateStoreSuiteOptions } from "./state-store/suite.ts";
export {
  type StoragePackagePlace,
  type StoragePackageSuiteOptions,
  storagePackageConformance,
} from "./storage-package/conformance.ts";
