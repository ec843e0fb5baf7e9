import type { NetworkHosts } from "../../process/harness/network-hosts.ts";
import type { Dice } from "../dice.ts";
import type { TorturedCluster } from "../tortured-cluster.ts";

export const faultKinds = ["kill", "pause", "partition", "full-disk", "io-error", "clock"] as const;
export type FaultKind = (typeof faultKinds)[number];

/** One way in which the world is bad to a cluster. */
export interface Fault {
  readonly kind: FaultKind;
  strike(target: Target): Promise<Strike>;
}

export interface Target {
  readonly cluster: TorturedCluster;
  /** The machines of the nodes; undefined: all are on loopback. */
  readonly hosts: NetworkHosts | undefined;
  readonly dice: Dice;
  /** Nodes that no other fault has hold of, at least one. */
  readonly well: readonly number[];
}

/** A fault that has struck and lasts until it is healed. */
export interface Strike {
  /** For people: what was done to whom. */
  readonly what: string;
  /** Without these nodes all others work, and reach each other. */
  readonly harmed: readonly number[];
  /** How long it is to last at least, in milliseconds. */
  readonly lastsMs: number;
  /** Takes it back; resolves once the nodes concerned run again. */
  heal(): Promise<void>;
}
