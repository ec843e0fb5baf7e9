import type { AppendRequest as WireAppendRequest, Message as WireMessage } from "@raftkv/proto/raft";
import type { AppendRequest, AppendResponse, Term } from "@raftkv/raft-core";
import { decodeEntry, encodeEntry } from "./entry-codec.ts";
import { WireError } from "./wire-error.ts";
import { fromWire, toWire } from "./wire-number.ts";

export function encodeAppendRequest(message: AppendRequest): WireMessage["message"] {
  return {
    case: "appendRequest",
    value: {
      $typeName: "raftkv.raft.v1.AppendRequest",
      prevIndex: toWire(message.prevIndex),
      prevTerm: toWire(message.prevTerm),
      entries: message.entries.map(encodeEntry),
      commit: toWire(message.commit),
    },
  };
}

export function decodeAppendRequest(wire: WireAppendRequest, term: Term): AppendRequest {
  const prevIndex = fromWire(wire.prevIndex, "append_request.prev_index");
  if (!Number.isSafeInteger(prevIndex + wire.entries.length)) {
    throw new WireError(
      `append_request.prev_index is ${prevIndex}: its ${wire.entries.length} entries end beyond 2^53`,
    );
  }
  return {
    kind: "appendRequest",
    term,
    prevIndex,
    prevTerm: fromWire(wire.prevTerm, "append_request.prev_term"),
    entries: wire.entries.map((entry, position) => decodeEntry(entry, prevIndex + 1 + position)),
    commit: fromWire(wire.commit, "append_request.commit"),
  };
}

export function encodeAppendResponse(message: AppendResponse): WireMessage["message"] {
  if (!message.rejected) {
    return {
      case: "appendAccepted",
      value: { $typeName: "raftkv.raft.v1.AppendAccepted", match: toWire(message.match) },
    };
  }
  return {
    case: "appendRejected",
    value: {
      $typeName: "raftkv.raft.v1.AppendRejected",
      prevIndex: toWire(message.prevIndex),
      hintIndex: toWire(message.hintIndex),
      hintTerm: toWire(message.hintTerm),
    },
  };
}
