import assert from "node:assert/strict";
import { eventually } from "../eventually.ts";
import { connected, numbered, numbersFrom, openStation, type Station, type TransportTests } from "./suite.ts";

export function peerTests(tests: TransportTests): void {
  tests.describe("peers", () => {
    tests.withStations("a message to a node that is no peer is dropped quietly", async ({ first, second }) => {
      await connected(first, second);
      first.transport.send(987_654, numbered(1));
      first.transport.send(first.member.id, numbered(2));
      first.transport.send(second.member.id, numbered(3));
      await eventually("the message behind it arrives", () => numbersFrom(first, second).includes(3));
      const reported = first.heard.unreachables.filter((id) => id === 987_654 || id === first.member.id);
      assert.deepEqual(reported, [], "nodes that are no peers are never reported");
      assert.deepEqual(first.heard.messages, []);
    });

    tests.withStations("one that was taken out hears nothing, until it is put back", async (stations) => {
      const { first, second, third, network } = stations;
      await connected(first, second);
      await connected(first, third);
      first.transport.setPeers(network.members.filter(({ id }) => id !== second.member.id));
      first.transport.send(second.member.id, numbered(1));
      first.transport.send(third.member.id, numbered(2));
      await eventually("the one that stayed still hears", () => numbersFrom(first, third).includes(2));
      first.transport.setPeers(network.members);
      await connected(first, second);
      assert.deepEqual(numbersFrom(first, second), [], "messages are in order for each peer, so 1 was dropped");
    });

    tests.withNetwork("one that is away is reported once, and heard of again when it is back", async (network) => {
      const [a, b, c] = network.members;
      const first = await openStation(network, a);
      const third = await openStation(network, c);
      const reports = () => first.heard.unreachables.filter((peer) => peer === b.id).length;
      await eventually("the peer that is away is reported", () => {
        first.transport.send(b.id, numbered(1));
        return reports() > 0;
      });
      await talk(first, third, () => first.transport.send(b.id, numbered(1)));
      assert.equal(reports(), 1, "reports while it stays away");

      const second = await openStation(network, b);
      await connected(first, second);
      await connected(second, first);
      assert.equal(reports(), 1, "reports once it is back");
      await network.shut(b.id);
      await eventually("going away a second time is reported again", () => {
        first.transport.send(b.id, numbered(1));
        return reports() > 1;
      });
      await talk(first, third, () => first.transport.send(b.id, numbered(1)));
      assert.equal(reports(), 2, "reports of the second absence");
    });

    tests.withStations("one that has restarted is heard and hears again", async ({ first, second, network }) => {
      await connected(first, second);
      await connected(second, first);
      await network.shut(second.member.id);
      const again = await openStation(network, second.member);
      await connected(first, again);
      await connected(again, first);
      first.transport.send(again.member.id, numbered(5));
      await eventually("messages flow", () => numbersFrom(first, again).includes(5));
    });
  });
}

/** A talk between two others, in whose course whatever else is ready to happen does. */
async function talk(first: Station, third: Station, meanwhile: () => void): Promise<void> {
  for (let turn = 0; turn < 10; turn++) {
    meanwhile();
    await connected(first, third);
    await connected(third, first);
  }
}
