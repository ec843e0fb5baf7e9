import type { InspectPeer, KvServicesOptions } from "@raftkv/kv-server";

/** How a node has its state checked. */
export interface MachineChecks {
  /** While it leads; 0: never. */
  readonly intervalMs: number;
  /** How it asks the others, and has their answers in its process. Undefined: it does not compare its state with theirs. */
  readonly inspect: ((enter: (run: () => void) => void) => InspectPeer) | undefined;
  /** It says that its state and those of others differ. */
  readonly differs: (finding: string) => void;
}

export function checkingOptions(
  checks: MachineChecks | undefined,
  enter: (run: () => void) => void,
): Partial<KvServicesOptions> {
  if (checks === undefined) return {};
  const { intervalMs: checkIntervalMs, inspect, differs } = checks;
  if (inspect === undefined) return { checkIntervalMs };
  return {
    checkIntervalMs,
    inspect: inspect(enter),
    onDifference: differs,
    onDamaged: ({ message }) => differs(message),
  };
}
