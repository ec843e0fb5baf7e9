import { ErrorCode } from "@raftkv/proto/kv";
import type { Failure } from "./kv-failure.ts";

/** Why something is refused that a later apply version has: see `ApplyVersionRaise.explained`. */
export const CLUSTER_TOO_OLD: Failure = {
  code: ErrorCode.CLUSTER_TOO_OLD,
  message:
    "the cluster does not do this yet, as not every member runs a version of raftkv that can: upgrade all nodes, and see to " +
    "it that they are up",
};

export const NO_LEASES: Failure = {
  code: ErrorCode.CLUSTER_TOO_OLD,
  message:
    "the cluster has no leases yet, as it does from the moment at which every member runs a version of raftkv that knows " +
    "of them: upgrade all nodes, and see to it that they are up",
};

export const NO_HISTORY: Failure = {
  code: ErrorCode.NO_HISTORY,
  message:
    "the cluster keeps no history yet, as it does from the moment at which every member runs a version of raftkv that " +
    "can: upgrade all nodes, and see to it that they are up",
};

/** What is refused now may be asked for in a moment. */
export const SOON_NEW_ENOUGH: Failure = {
  code: ErrorCode.NOT_READY,
  message: "the cluster is just about to do this for the first time: try again in a moment",
};

/** This node does not know whether the cluster does. */
export const NOT_CAUGHT_UP: Failure = {
  code: ErrorCode.NOT_READY,
  message:
    "this node has not caught up, and does not know yet whether the cluster keeps history: try again in a moment",
};

export function isTooOld({ code }: Failure): boolean {
  return code === ErrorCode.CLUSTER_TOO_OLD || code === ErrorCode.NO_HISTORY;
}
