import type { Message } from "@raftkv/raft-core";

/** Versions of the protocol between nodes, both inclusive. */
export interface ProtocolVersions {
  readonly min: number;
  readonly max: number;
}

/**
 * What this package speaks. Version 1: the first. Version 2: a hello says where its sender can be reached, and who is
 * no member that the receiver knows of may be heard; a snapshot that broke off is gone on with, and may come from a
 * follower. CONTRIBUTING.md says how a version comes and goes.
 */
export const protocolVersions: ProtocolVersions = { min: 1, max: 2 };

/** The first version in which a hello names the sender's address. */
export const addressVersion = 2;

/** The first version in which a snapshot is offered before it is sent, and may come from a follower. */
export const offerVersion = 2;

/** The highest version that both speak; undefined if there is none. */
export function commonVersion(one: ProtocolVersions, other: ProtocolVersions): number | undefined {
  const highest = Math.min(one.max, other.max);
  return highest >= Math.max(one.min, other.min) ? highest : undefined;
}

/** For people: `version 1`, or `versions 1 to 2`. */
export function describeVersions({ min, max }: ProtocolVersions): string {
  return min === max ? `version ${min}` : `versions ${min} to ${max}`;
}

/** The version that brought each kind of message. */
const messageVersions: Readonly<Record<Message["kind"], number>> = {
  preVoteRequest: 1,
  preVoteResponse: 1,
  voteRequest: 1,
  voteResponse: 1,
  appendRequest: 1,
  appendResponse: 1,
  heartbeatRequest: 1,
  heartbeatResponse: 1,
  readIndexRequest: 1,
  readIndexResponse: 1,
  timeoutNowRequest: 1,
  snapshotRequest: offerVersion,
  snapshotReport: offerVersion,
};

/** Whether a peer on a stream of that version understands the message. One that it does not would end the stream. */
export function isUnderstood(message: Message, version: number): boolean {
  return messageVersions[message.kind] <= version;
}
