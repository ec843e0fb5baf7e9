import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { MembershipStepSchema, type MembershipStep as WireStep } from "@raftkv/proto/cluster";
import { parseEndpoint } from "../endpoint.ts";
import { invalidArgument } from "../error.ts";

/** One step of a membership change. The steps of a change take effect together; each builds on the one before it. */
export type MembershipStep =
  /**
   * The node that waits to be added at `address` becomes a learner; with `promoteWhenCaughtUp` the leader makes it a voter
   * as soon as it has caught up.
   */
  | {
      readonly kind: "addLearner";
      readonly address: string;
      readonly promoteWhenCaughtUp?: boolean;
      readonly priority?: number;
    }
  /** The node that waits to be added at `address` becomes a voter at once: until it has caught up, one that is missing. */
  | { readonly kind: "addVoter"; readonly address: string; readonly priority?: number }
  /** A learner becomes a voter. */
  | { readonly kind: "promote"; readonly nodeId: number }
  /** A voter becomes a learner. */
  | { readonly kind: "demote"; readonly nodeId: number }
  | { readonly kind: "remove"; readonly nodeId: number }
  /** The learner `by` becomes a voter, and the voter `nodeId` is removed. */
  | { readonly kind: "replace"; readonly nodeId: number; readonly by: number }
  /** The same node, with the same data, at another address. */
  | { readonly kind: "move"; readonly nodeId: number; readonly address: string }
  /** Among voters that could lead, the one with the highest priority is preferred. */
  | { readonly kind: "setPriority"; readonly nodeId: number; readonly priority: number };

const highestPriority = 100;

/** The step with its addresses in the form in which members have them. Throws INVALID_ARGUMENT where it makes no sense. */
export function checkStep(step: MembershipStep): MembershipStep {
  switch (step.kind) {
    case "addLearner":
    case "addVoter":
      return { ...step, address: parseEndpoint(step.address), priority: checkPriority(step.priority ?? 0) };
    case "promote":
    case "demote":
    case "remove":
      return { ...step, nodeId: checkNodeId(step.nodeId) };
    case "replace":
      return { ...step, nodeId: checkNodeId(step.nodeId), by: checkNodeId(step.by, "by") };
    case "move":
      return { ...step, nodeId: checkNodeId(step.nodeId), address: parseEndpoint(step.address) };
    case "setPriority":
      return { ...step, nodeId: checkNodeId(step.nodeId), priority: checkPriority(step.priority) };
    default:
      throw invalidArgument(`a membership step of kind ${JSON.stringify(Reflect.get(step, "kind"))}: there is none`);
  }
}

/** Throws INVALID_ARGUMENT unless it is a positive integer. */
export function checkNodeId(nodeId: number, name = "nodeId"): number {
  if (Number.isSafeInteger(nodeId) && nodeId > 0) return nodeId;
  throw invalidArgument(`${name} is ${nodeId}: expected a node id, a whole number from 1`);
}

function checkPriority(priority: number): number {
  if (Number.isSafeInteger(priority) && priority >= 0 && priority <= highestPriority) return priority;
  throw invalidArgument(`priority is ${priority}: expected a whole number from 0 to ${highestPriority}`);
}

export function toWireStep(step: MembershipStep): WireStep {
  return create(MembershipStepSchema, { step: wireForm(step) });
}

function wireForm(step: MembershipStep): NonNullable<MessageInitShape<typeof MembershipStepSchema>["step"]> {
  switch (step.kind) {
    case "addLearner":
    case "addVoter": {
      const { kind, ...value } = step;
      return { case: kind, value };
    }
    case "promote":
    case "demote":
    case "remove":
      return { case: step.kind, value: BigInt(step.nodeId) };
    case "replace":
      return { case: "replace", value: { nodeId: BigInt(step.nodeId), by: BigInt(step.by) } };
    case "move":
      return { case: "move", value: { nodeId: BigInt(step.nodeId), address: step.address } };
    case "setPriority":
      return { case: "setPriority", value: { nodeId: BigInt(step.nodeId), priority: step.priority } };
  }
}
