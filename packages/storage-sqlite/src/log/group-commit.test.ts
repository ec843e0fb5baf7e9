import { MessageChannel } from "node:worker_threads";
import { afterEach, expect, it } from "vitest";
import { Inbox } from "../thread/inbox.ts";
import { encodeBlocks } from "./block.ts";
import { gatherChanges } from "./group-commit.ts";
import type { LogRequest } from "./protocol.ts";

const { port1: sender, port2: receiver } = new MessageChannel();
const inbox = new Inbox<LogRequest>(receiver);
let lastId = 0;

afterEach(() => {
  while (inbox.take() !== undefined);
});

function send(...requests: readonly LogRequest[]): void {
  for (const request of requests) sender.postMessage({ id: ++lastId, request });
}

function write(payloadBytes = 10): LogRequest {
  const payload = new Uint8Array(payloadBytes);
  const append = encodeBlocks([{ kind: "command", index: 1, term: 1, payload }]);
  return { kind: "write", hardState: undefined, resetTo: undefined, truncateFrom: undefined, append };
}

const form: LogRequest = {
  kind: "form",
  clusterId: "a",
  membership: { voters: [], outgoingVoters: [], learners: [], members: [] },
};

it("gathers the changes that have come in, in their order", () => {
  send(write(), form, write());
  expect(gatherChanges(inbox).map(({ request }) => request.kind)).toEqual(["write", "form", "write"]);
  expect(gatherChanges(inbox)).toEqual([]);
});

it("stops at a request that is not a change, and leaves it where it is", () => {
  send(write(), { kind: "load" }, write());
  expect(gatherChanges(inbox).length).toBe(1);
  expect(gatherChanges(inbox)).toEqual([]);
  expect(inbox.take()?.request.kind).toBe("load");
  expect(gatherChanges(inbox).length).toBe(1);
});

it("bounds a group in bytes, and takes at least one change whatever its size", () => {
  const large = 3 * 1024 * 1024;
  send(write(large), write(large), write(large), write(3 * large), write());
  expect(gatherChanges(inbox).length).toBe(2);
  expect(gatherChanges(inbox).length).toBe(2);
  expect(gatherChanges(inbox).length).toBe(1);
});

it("numbers what it gathers as it was sent", () => {
  const before = lastId;
  send(write(), write());
  expect(gatherChanges(inbox).map(({ id }) => id)).toEqual([before + 1, before + 2]);
});
