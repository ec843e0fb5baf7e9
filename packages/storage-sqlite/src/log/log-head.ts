import type { HardState, Identity, Index, Term } from "@raftkv/raft-core";
import type { Fields } from "../fields.ts";

/** Where the log stands. Written with each commit, so that log and hard state agree on what there must be. */
export interface LogHead {
  /** Counts the commits of this database. Never goes back. */
  readonly sequence: number;
  readonly hardState: HardState;
  readonly lastIndex: Index;
  readonly lastTerm: Term;
  /** Bytes of the entries above the base. */
  readonly logBytes: number;
}

export const freshHead: LogHead = {
  sequence: 1,
  hardState: { term: 0, votedFor: undefined, commit: 0 },
  lastIndex: 0,
  lastTerm: 0,
  logBytes: 0,
};

export function parseHead(fields: Fields): LogHead {
  return {
    sequence: fields.integer("sequence"),
    hardState: parseHardState(fields.record("hardState")),
    lastIndex: fields.integer("lastIndex"),
    lastTerm: fields.integer("lastTerm"),
    logBytes: fields.integer("logBytes"),
  };
}

/** Earlier versions have written neither `votedForMemberId` nor `promiseMs`, and read over them. */
function parseHardState(fields: Fields): HardState {
  const votedForMemberId = fields.optionalText("votedForMemberId");
  const promiseMs = fields.optionalInteger("promiseMs");
  return {
    term: fields.integer("term"),
    votedFor: fields.optionalInteger("votedFor"),
    commit: fields.integer("commit"),
    ...(votedForMemberId === undefined ? {} : { votedForMemberId }),
    ...(promiseMs === undefined ? {} : { promiseMs }),
  };
}

export function parseIdentity(fields: Fields): Identity {
  return {
    nodeId: fields.integer("nodeId"),
    memberId: fields.text("memberId"),
    incarnation: fields.integer("incarnation"),
    clusterId: fields.optionalText("clusterId"),
    ...electionTimeoutOf(fields),
  };
}

/** Earlier versions have not written it. */
function electionTimeoutOf(fields: Fields): Pick<Identity, "electionTimeout"> {
  const timeout = fields.optionalRecord("electionTimeout");
  if (timeout === undefined) return {};
  return { electionTimeout: { minMs: timeout.integer("minMs"), maxMs: timeout.integer("maxMs") } };
}
