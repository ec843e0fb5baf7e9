import type { KvServicesOptions } from "@raftkv/kv-server";
import type { Asking, SideWays } from "./side-ways.ts";

/** What the services of a node have and do besides, in some runs. */
export interface MachineExtras {
  readonly ways: SideWays;
  /** It passes writes on to the leader where it is asked to. */
  readonly forwards: boolean;
  /** While it leads; 0: never. Undefined: as by itself, which is once a day. */
  readonly checkIntervalMs: number | undefined;
  /** Undefined: as by itself, after ten minutes. */
  readonly historyMaxAgeMs: number | undefined;
  /** It compares its state with those of others. */
  readonly compares: boolean;
  /** It says that its state and those of others differ. */
  readonly differs: (finding: string) => void;
}

export function extraOptions(extras: MachineExtras | undefined, asking: Asking): Partial<KvServicesOptions> {
  if (extras === undefined) return {};
  const { ways, forwards, checkIntervalMs, historyMaxAgeMs, compares, differs } = extras;
  return {
    ...(forwards && { forward: ways.forwarder(asking) }),
    ...(checkIntervalMs !== undefined && { checkIntervalMs }),
    ...(historyMaxAgeMs !== undefined && { history: { maxAgeMs: historyMaxAgeMs } }),
    ...(compares && {
      inspect: ways.inspector(asking),
      onDifference: differs,
      onDamaged: ({ message }) => differs(message),
    }),
  };
}
