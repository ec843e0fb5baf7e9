import assert from "node:assert/strict";
import { metadata, patternBytes } from "../sample-log.ts";
import { snapshotOf } from "../sample-snapshot.ts";
import { connected, numbered, numbersFrom, type TransportTests } from "./suite.ts";

export function closingTests(tests: TransportTests): void {
  tests.describe("closing", () => {
    tests.withStations("afterwards nothing throws, leaves or arrives", async ({ first, second, third, network }) => {
      await connected(first, second);
      await connected(second, first);
      await first.transport.close();
      first.transport.setPeers(network.members);
      first.transport.send(second.member.id, numbered(1));
      second.transport.send(first.member.id, numbered(2));
      await connected(second, third);
      await connected(third, second);
      assert.deepEqual(numbersFrom(first, second), []);
      assert.deepEqual(numbersFrom(second, first), []);
      const source = snapshotOf(metadata(1, 1), [patternBytes(10)]);
      const shipment = { term: 1, leader: first.member.id, source };
      await assert.rejects(first.transport.sendSnapshot(second.member.id, shipment, new AbortController().signal));
    });

    tests.withStations("twice is fine", async ({ first }) => {
      await Promise.all([first.transport.close(), first.transport.close()]);
      await first.transport.close();
    });
  });
}
