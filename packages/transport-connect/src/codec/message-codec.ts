import type { ReadContext as WireContext, Message as WireMessage } from "@raftkv/proto/raft";
import type { Message, ReadContext } from "@raftkv/raft-core";
import { decodeAppendRequest, encodeAppendRequest, encodeAppendResponse } from "./append-codec.ts";
import {
  decodeSnapshotReport,
  decodeSnapshotRequest,
  encodeSnapshotReport,
  encodeSnapshotRequest,
} from "./snapshot-request-codec.ts";
import { WireError } from "./wire-error.ts";
import { fromWire, toWire } from "./wire-number.ts";

/**
 * A message of consensus as its protobuf form. Literals instead of `create`: this runs for each message and entry, and
 * a literal costs a third.
 */
export function encodeMessage(message: Message): WireMessage {
  return { $typeName: "raftkv.raft.v1.Message", term: toWire(message.term), message: encodeContent(message) };
}

/** Throws a `WireError` for anything that is not a message of this protocol version. */
export function decodeMessage(wire: WireMessage): Message {
  const term = fromWire(wire.term, "message.term");
  const { message } = wire;
  switch (message.case) {
    case "preVoteRequest":
      return {
        kind: "preVoteRequest",
        term,
        campaignTerm: fromWire(message.value.campaignTerm, "pre_vote_request.campaign_term"),
        lastIndex: fromWire(message.value.lastIndex, "pre_vote_request.last_index"),
        lastTerm: fromWire(message.value.lastTerm, "pre_vote_request.last_term"),
      };
    case "preVoteResponse":
      return {
        kind: "preVoteResponse",
        term,
        campaignTerm: fromWire(message.value.campaignTerm, "pre_vote_response.campaign_term"),
        granted: message.value.granted,
      };
    case "voteRequest":
      return {
        kind: "voteRequest",
        term,
        lastIndex: fromWire(message.value.lastIndex, "vote_request.last_index"),
        lastTerm: fromWire(message.value.lastTerm, "vote_request.last_term"),
        leadershipTransfer: message.value.leadershipTransfer,
      };
    case "voteResponse":
      return { kind: "voteResponse", term, granted: message.value.granted };
    case "appendRequest":
      return decodeAppendRequest(message.value, term);
    case "appendAccepted":
      return {
        kind: "appendResponse",
        term,
        rejected: false,
        match: fromWire(message.value.match, "append_accepted.match"),
      };
    case "appendRejected":
      return {
        kind: "appendResponse",
        term,
        rejected: true,
        prevIndex: fromWire(message.value.prevIndex, "append_rejected.prev_index"),
        hintIndex: fromWire(message.value.hintIndex, "append_rejected.hint_index"),
        hintTerm: fromWire(message.value.hintTerm, "append_rejected.hint_term"),
      };
    case "heartbeatRequest":
      return {
        kind: "heartbeatRequest",
        term,
        commit: fromWire(message.value.commit, "heartbeat_request.commit"),
        round: fromWire(message.value.round, "heartbeat_request.round"),
        ...(message.value.asksPromise ? { asksPromise: true } : {}),
        ...(message.value.needsNoAnswer ? { needsNoAnswer: true } : {}),
      };
    case "heartbeatResponse":
      return {
        kind: "heartbeatResponse",
        term,
        round: fromWire(message.value.round, "heartbeat_response.round"),
        ...(message.value.promiseMs === 0n
          ? {}
          : { promiseMs: fromWire(message.value.promiseMs, "heartbeat_response.promise_ms") }),
      };
    case "readIndexRequest":
      return { kind: "readIndexRequest", term, context: decodeContext(message.value.context) };
    case "readIndexResponse":
      return {
        kind: "readIndexResponse",
        term,
        context: decodeContext(message.value.context),
        index: fromWire(message.value.index, "read_index_response.index"),
      };
    case "timeoutNowRequest":
      return { kind: "timeoutNowRequest", term };
    case "snapshotRequest":
      return decodeSnapshotRequest(message.value, term);
    case "snapshotReport":
      return decodeSnapshotReport(message.value, term);
    case undefined:
      throw new WireError("message is of no kind that this version knows");
  }
}

function encodeContent(message: Message): WireMessage["message"] {
  switch (message.kind) {
    case "preVoteRequest":
      return {
        case: "preVoteRequest",
        value: {
          $typeName: "raftkv.raft.v1.PreVoteRequest",
          campaignTerm: toWire(message.campaignTerm),
          lastIndex: toWire(message.lastIndex),
          lastTerm: toWire(message.lastTerm),
        },
      };
    case "preVoteResponse":
      return {
        case: "preVoteResponse",
        value: {
          $typeName: "raftkv.raft.v1.PreVoteResponse",
          campaignTerm: toWire(message.campaignTerm),
          granted: message.granted,
        },
      };
    case "voteRequest":
      return {
        case: "voteRequest",
        value: {
          $typeName: "raftkv.raft.v1.VoteRequest",
          lastIndex: toWire(message.lastIndex),
          lastTerm: toWire(message.lastTerm),
          leadershipTransfer: message.leadershipTransfer,
        },
      };
    case "voteResponse":
      return { case: "voteResponse", value: { $typeName: "raftkv.raft.v1.VoteResponse", granted: message.granted } };
    case "appendRequest":
      return encodeAppendRequest(message);
    case "appendResponse":
      return encodeAppendResponse(message);
    case "heartbeatRequest":
      return {
        case: "heartbeatRequest",
        value: {
          $typeName: "raftkv.raft.v1.HeartbeatRequest",
          commit: toWire(message.commit),
          round: toWire(message.round),
          asksPromise: message.asksPromise ?? false,
          needsNoAnswer: message.needsNoAnswer ?? false,
        },
      };
    case "heartbeatResponse":
      return {
        case: "heartbeatResponse",
        value: {
          $typeName: "raftkv.raft.v1.HeartbeatResponse",
          round: toWire(message.round),
          promiseMs: toWire(message.promiseMs ?? 0),
        },
      };
    case "readIndexRequest":
      return {
        case: "readIndexRequest",
        value: { $typeName: "raftkv.raft.v1.ReadIndexRequest", context: encodeContext(message.context) },
      };
    case "readIndexResponse":
      return {
        case: "readIndexResponse",
        value: {
          $typeName: "raftkv.raft.v1.ReadIndexResponse",
          context: encodeContext(message.context),
          index: toWire(message.index),
        },
      };
    case "timeoutNowRequest":
      return { case: "timeoutNowRequest", value: { $typeName: "raftkv.raft.v1.TimeoutNowRequest" } };
    case "snapshotRequest":
      return encodeSnapshotRequest(message);
    case "snapshotReport":
      return encodeSnapshotReport(message);
  }
}

function encodeContext(context: ReadContext): WireContext {
  return {
    $typeName: "raftkv.raft.v1.ReadContext",
    incarnation: toWire(context.incarnation),
    sequence: toWire(context.sequence),
  };
}

function decodeContext(wire: WireContext | undefined): ReadContext {
  if (wire === undefined) throw new WireError("read_index.context is missing");
  return {
    incarnation: fromWire(wire.incarnation, "read_context.incarnation"),
    sequence: fromWire(wire.sequence, "read_context.sequence"),
  };
}
