export { assertCloseWaitsFor, assertSameBytes, hex, rejectsWithCode } from "./expectations.ts";
export { MemoryNetwork } from "./memory-network.ts";
export { raftStorageConformance } from "./raft-storage/conformance.ts";
export type { BreakableStoragePlace, RaftStoragePlace, RaftStorageSuiteOptions } from "./raft-storage/suite.ts";
export { raftTransportConformance } from "./raft-transport/conformance.ts";
export type { RaftTransportSuiteOptions, TransportNetwork } from "./raft-transport/suite.ts";
export { membershipOf, patternBytes } from "./sample-log.ts";
export { integerBetween, seededRandom } from "./seeded-random.ts";
export type { TestApi } from "./test-api.ts";
