import { create, type MessageInitShape, toBinary } from "@bufbuild/protobuf";
import type { HandlerContext } from "@connectrpc/connect";
import {
  type BeginCheckResponse,
  BeginCheckResponseSchema,
  type CheckedStateSchema,
  type CheckResultRequest,
  type CheckResultResponse,
  CheckResultResponseSchema,
  CheckStage,
} from "@raftkv/proto/cluster";
import { CommandBatchSchema, ErrorCode } from "@raftkv/proto/kv";
import type { Consensus, Index, Term } from "@raftkv/raft-core";
import { encodeEnvelope } from "../codec/envelope.ts";
import type { ApplyResult } from "../state/answer.ts";
import { hashesChanges } from "../state/change-hash.ts";
import type { CheckedState } from "../state/checked-rows.ts";
import type { KvStateMachine } from "../state/kv-state-machine.ts";
import type { CheckResult } from "../state/whole-checks.ts";
import { requireLeadership } from "./cluster-operations.ts";
import { KvFailure } from "./kv-failure.ts";
import { orAborted } from "./read-gate.ts";
import type { ServiceContext } from "./service-context.ts";
import { CLUSTER_TOO_OLD, SOON_NEW_ENOUGH } from "./too-old.ts";

type Call = Pick<HandlerContext, "signal">;

/** Begins a check of the whole state on all nodes, or joins the one that is under way. */
export async function beginCheck(context: ServiceContext, { signal }: Call): Promise<BeginCheckResponse> {
  const term = requireLeadership(context);
  const { consensus, state } = context.options;
  const index = state.checks.runningIndex ?? (await orAborted(proposeCheck({ consensus, state }, term), signal));
  return create(BeginCheckResponseSchema, { index: BigInt(index) });
}

export interface CheckProposer {
  readonly consensus: Pick<Consensus<ApplyResult>, "propose" | "readIndex">;
  readonly state: Pick<KvStateMachine, "applyVersion" | "clusterClock">;
}

/** Resolves with the entry. Rejects with a `KvFailure` where not every member may know of checks. */
export async function proposeCheck({ consensus, state }: CheckProposer, term: Term): Promise<Index> {
  if (!hashesChanges({ applyVersion: state.applyVersion() })) {
    await consensus.readIndex();
    throw new KvFailure(hashesChanges({ applyVersion: state.applyVersion() }) ? SOON_NEW_ENOUGH : CLUSTER_TOO_OLD);
  }
  const result = await consensus.propose(encodeEnvelope(state.clusterClock.stampMs(term), CHECK));
  const answer = result.kind === "answers" ? result.answers[0] : undefined;
  if (answer?.kind === "checkState") return answer.index;
  throw new KvFailure({ code: ErrorCode.INTERNAL, message: "the check of the state was not applied as one" });
}

const CHECK = toBinary(
  CommandBatchSchema,
  create(CommandBatchSchema, { operations: [{ operation: { case: "checkState", value: {} } }] }),
);

const STAGES: Readonly<Record<CheckResult["stage"], CheckStage>> = {
  waiting: CheckStage.WAITING,
  running: CheckStage.RUNNING,
  done: CheckStage.DONE,
  missed: CheckStage.MISSED,
  compacting: CheckStage.COMPACTING,
};

/** What this node's own state came to, at the entry that a check began with. */
export function checkResult({ options }: ServiceContext, request: CheckResultRequest): CheckResultResponse {
  const { consensus, state } = options;
  const { nodeId, memberId } = consensus.status().identity;
  const appliedIndex = state.appliedIndex();
  const result = state.checks.result(Number(request.index), appliedIndex);
  return create(CheckResultResponseSchema, {
    nodeId: BigInt(nodeId),
    memberId,
    appliedIndex: BigInt(appliedIndex),
    stage: STAGES[result.stage],
    bytesRead: BigInt(result.stage === "running" ? result.bytesRead : 0),
    bytesTotal: BigInt(state.usedBytes()),
    ...(result.stage === "done" ? { checked: checkedMessage(result.checked) } : {}),
  });
}

function checkedMessage(checked: CheckedState): MessageInitShape<typeof CheckedStateSchema> {
  return {
    index: BigInt(checked.index),
    revision: BigInt(checked.revision),
    keys: BigInt(checked.keys),
    fingerprint: checked.fingerprint,
    parts: checked.parts.map(({ name, rows, hash }) => ({ name, rows: BigInt(rows), hash })),
    revisions: checked.revisions.map(({ revision, hash }) => ({ revision: BigInt(revision), hash })),
  };
}
