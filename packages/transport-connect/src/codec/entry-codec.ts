import type { Entry as WireEntry } from "@raftkv/proto/raft";
import type { Entry, Index } from "@raftkv/raft-core";
import { decodeMembership, encodeMembership } from "./membership-codec.ts";
import { WireError } from "./wire-error.ts";
import { fromWire, toWire } from "./wire-number.ts";

/** An entry's index does not travel: entries follow the request's previous index. */
export function encodeEntry(entry: Entry): WireEntry {
  return { $typeName: "raftkv.raft.v1.Entry", term: toWire(entry.term), entry: encodeContent(entry) };
}

export function decodeEntry(wire: WireEntry, index: Index): Entry {
  const term = fromWire(wire.term, "entry.term");
  switch (wire.entry.case) {
    case "noop":
      return { kind: "noop", term, index };
    case "command":
      return { kind: "command", term, index, payload: wire.entry.value };
    case "membership":
      return { kind: "membership", term, index, membership: decodeMembership(wire.entry.value) };
    case undefined:
      throw new WireError(`entry ${index} is of no kind that this version knows`);
  }
}

function encodeContent(entry: Entry): WireEntry["entry"] {
  switch (entry.kind) {
    case "noop":
      return { case: "noop", value: { $typeName: "raftkv.raft.v1.Noop" } };
    case "command":
      return { case: "command", value: entry.payload };
    case "membership":
      return { case: "membership", value: encodeMembership(entry.membership) };
  }
}
