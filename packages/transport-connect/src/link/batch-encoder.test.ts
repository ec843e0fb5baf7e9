import { fromBinary } from "@bufbuild/protobuf";
import { MessagesRequestSchema } from "@raftkv/proto/raft";
import type { Message } from "@raftkv/raft-core";
import { expect, it } from "vitest";
import { decodeMessage } from "../codec/message-codec.ts";
import { heartbeat } from "../testing/loopback.ts";
import { BatchEncoder } from "./batch-encoder.ts";

function decoded(envelope: Uint8Array): readonly Message[] {
  const { request } = fromBinary(MessagesRequestSchema, envelope.subarray(5));
  if (request.case !== "batch") throw new Error("expected a batch");
  return request.value.messages.map(decodeMessage);
}

it("encodes a heartbeat that goes to several peers once", () => {
  const encoder = new BatchEncoder();
  const [one, next] = [heartbeat(1), heartbeat(2)];
  const envelope = encoder.encode([one]);
  expect(encoder.encode([one])).toBe(envelope);
  expect(decoded(envelope)).toEqual([one]);
  expect(decoded(encoder.encode([next]))).toEqual([next]);
  expect(decoded(encoder.encode([one]))).toEqual([one]);
});

it("encodes what shares a batch with something else anew", () => {
  const encoder = new BatchEncoder();
  const [one, next] = [heartbeat(1), heartbeat(2)];
  encoder.encode([one]);
  expect(decoded(encoder.encode([one, next]))).toEqual([one, next]);
  const answer: Message = { kind: "heartbeatResponse", term: 1, round: 1 };
  expect(decoded(encoder.encode([answer]))).toEqual([answer]);
});
