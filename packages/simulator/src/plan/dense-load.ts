import { nobodyElse } from "./nobody-else.ts";
import type { Plan } from "./plan.ts";

const clients = 2;

/**
 * The same faults under many times the load: clients that perform hundreds of operations at a time, as applications with
 * many callers do. Bounds that no such batch fits into are lifted.
 */
export function denseLoad(drawn: Plan): Plan {
  const typedClients = Math.min(drawn.workload.typedClients, clients);
  return {
    ...drawn,
    config: {
      ...drawn.config,
      maxEntryBytes: 1_000_000,
      maxUncommittedBytes: 16_000_000,
      maxApplyBacklogBytes: 16_000_000,
      maxInflightBytes: 4_000_000,
    },
    workload: { ...drawn.workload, ...nobodyElse, clients, typedClients, batchers: 6, operationsPerBatch: 500 },
  };
}
