import {
  SnapshotOutcome,
  type Message as WireMessage,
  type SnapshotReport as WireReport,
  type SnapshotRequest as WireRequest,
} from "@raftkv/proto/raft";
import type { SnapshotReport, SnapshotRequest, Term } from "@raftkv/raft-core";
import { WireError } from "./wire-error.ts";
import { fromWire, nodeIdFromWire, toWire } from "./wire-number.ts";

export function encodeSnapshotRequest({ to, atLeast }: SnapshotRequest): WireMessage["message"] {
  return {
    case: "snapshotRequest",
    value: { $typeName: "raftkv.raft.v1.SnapshotRequest", toNodeId: toWire(to), atLeastIndex: toWire(atLeast) },
  };
}

export function decodeSnapshotRequest(wire: WireRequest, term: Term): SnapshotRequest {
  return {
    kind: "snapshotRequest",
    term,
    to: nodeIdFromWire(wire.toNodeId, "snapshot_request.to_node_id"),
    atLeast: fromWire(wire.atLeastIndex, "snapshot_request.at_least_index"),
  };
}

const outcomes = {
  sending: SnapshotOutcome.SENDING,
  sent: SnapshotOutcome.SENT,
  failed: SnapshotOutcome.FAILED,
} as const;

export function encodeSnapshotReport(report: SnapshotReport): WireMessage["message"] {
  return {
    case: "snapshotReport",
    value: {
      $typeName: "raftkv.raft.v1.SnapshotReport",
      toNodeId: toWire(report.to),
      outcome: outcomes[report.outcome],
      index: toWire(report.index),
      bytesSent: toWire(report.bytesSent),
      bytes: toWire(report.bytes),
    },
  };
}

export function decodeSnapshotReport(wire: WireReport, term: Term): SnapshotReport {
  return {
    kind: "snapshotReport",
    term,
    to: nodeIdFromWire(wire.toNodeId, "snapshot_report.to_node_id"),
    outcome: outcomeOf(wire.outcome),
    index: fromWire(wire.index, "snapshot_report.index"),
    bytesSent: fromWire(wire.bytesSent, "snapshot_report.bytes_sent"),
    bytes: fromWire(wire.bytes, "snapshot_report.bytes"),
  };
}

function outcomeOf(outcome: SnapshotOutcome): SnapshotReport["outcome"] {
  switch (outcome) {
    case SnapshotOutcome.SENDING:
      return "sending";
    case SnapshotOutcome.SENT:
      return "sent";
    case SnapshotOutcome.FAILED:
      return "failed";
    default:
      throw new WireError(`snapshot_report.outcome is ${outcome}, which this version does not know`);
  }
}
