import assert from "node:assert/strict";
import type { IncomingSnapshot, SnapshotOffer, SnapshotShipment } from "../../ports/raft-transport.ts";
import type { StoredSnapshot } from "../../ports/snapshot.ts";
import { eventually } from "../eventually.ts";
import { assertSameBytes } from "../expectations.ts";
import { jointMembership, metadata, patternBytes } from "../sample-log.ts";
import { brokenSnapshot, readAll, snapshotOf } from "../sample-snapshot.ts";
import { connected, numbered, numbersFrom, openStation, type Station, type TransportTests } from "./suite.ts";

const mebibyte = 1024 * 1024;
const at = metadata(42, 7, jointMembership());

function never(): AbortSignal {
  return new AbortController().signal;
}

/** From a leader, on its own behalf. */
function shipped(from: Station, source: StoredSnapshot): SnapshotShipment {
  return { term: 9, leader: from.member.id, source };
}

export function snapshotTests(tests: TransportTests): void {
  tests.describe("snapshots", () => {
    arrivalTests(tests);
    failureTests(tests);
    backpressureTests(tests);
    if (tests.goesOnWithSnapshots) resumptionTests(tests);
  });
}

function arrivalTests(tests: TransportTests): void {
  tests.withStations("arrive with their metadata and every byte", async ({ first, second }) => {
    const contents: readonly (readonly Uint8Array[])[] = [
      [],
      [patternBytes(10)],
      [patternBytes(mebibyte, 1), patternBytes(mebibyte, 2), patternBytes(3, 3), patternBytes(mebibyte - 1, 4)],
      Array.from({ length: 100 }, (_, i) => patternBytes(i * 7, i)),
    ];
    await connected(first, second);
    for (const chunks of contents) {
      let arrived: { readonly incoming: IncomingSnapshot; readonly bytes: Uint8Array } | undefined;
      second.heard.onSnapshot = async (incoming) => {
        arrived = { incoming, bytes: await readAll(incoming.read()) };
      };
      await first.transport.sendSnapshot(second.member.id, shipped(first, snapshotOf(at, chunks)), never());
      assert.ok(arrived, "sendSnapshot resolved before the handler had the snapshot");
      assert.deepEqual(arrived.incoming.metadata, at);
      assert.equal(arrived.incoming.from, first.member.id);
      assert.equal(arrived.incoming.term, 9);
      assertSameBytes(arrived.bytes, Buffer.concat(chunks), `a snapshot of ${chunks.length} chunks`);
    }
  });

  tests.withStations("count as sent when the receiver has them, and hold up no message", async ({ first, second }) => {
    await connected(first, second);
    let finish = () => {};
    const durable = new Promise<void>((resolve) => {
      finish = resolve;
    });
    let taken = false;
    second.heard.onSnapshot = async (incoming) => {
      await readAll(incoming.read());
      taken = true;
      await durable;
    };
    let sent = false;
    const source = snapshotOf(at, [patternBytes(mebibyte)]);
    const sending = first.transport.sendSnapshot(second.member.id, shipped(first, source), never()).then(() => {
      sent = true;
    });
    await eventually("the receiver has read everything", () => taken);
    first.transport.send(second.member.id, numbered(1));
    await eventually("a message arrives meanwhile", () => numbersFrom(first, second).includes(1));
    assert.equal(sent, false, "sendSnapshot resolved before the receiver had it durably");
    finish();
    await sending;
  });
}

function failureTests(tests: TransportTests): void {
  tests.withStations("that the receiver refuses are rejected", async ({ first, second }) => {
    await connected(first, second);
    const send = () =>
      first.transport.sendSnapshot(second.member.id, shipped(first, snapshotOf(at, [patternBytes(3 * 1000)])), never());
    second.heard.onSnapshot = async () => {
      throw new Error("of an old term");
    };
    await assert.rejects(send(), "refused unread");
    second.heard.onSnapshot = async (incoming) => {
      await readAll(incoming.read());
      throw new Error("no space left");
    };
    await assert.rejects(send(), "refused when it was read");
    second.heard.onSnapshot = async (incoming) => void (await readAll(incoming.read()));
    await send();
  });

  tests.withStations("whose source breaks off never look whole", async ({ first, second }) => {
    await connected(first, second);
    const outcome = recordOutcome(second.heard);
    const source = brokenSnapshot(at, [patternBytes(mebibyte), patternBytes(1000)], new Error("cannot be read"));
    await assert.rejects(first.transport.sendSnapshot(second.member.id, shipped(first, source), never()));
    await eventually("the receiver learns of it", () => outcome() !== "reading");
    assert.notEqual(outcome(), "whole");
  });

  tests.withStations("that are called off are rejected, and never look whole", async ({ first, second }) => {
    await connected(first, second);
    const outcome = recordOutcome(second.heard);
    const calledOff = new AbortController();
    const endless = snapshotOf(at, []);
    const source = {
      ...endless,
      async *read() {
        for (let piece = 0; ; piece++) {
          if (piece === 3) calledOff.abort(new Error("called off"));
          yield patternBytes(50_000, piece);
          await new Promise((resolve) => setImmediate(resolve));
        }
      },
    };
    await assert.rejects(first.transport.sendSnapshot(second.member.id, shipped(first, source), calledOff.signal));
    await eventually("the receiver learns of it", () => outcome() !== "reading");
    assert.notEqual(outcome(), "whole");
    await assert.rejects(
      first.transport.sendSnapshot(
        second.member.id,
        shipped(first, endless),
        AbortSignal.abort(new Error("called off before")),
      ),
    );
  });

  tests.withStations("to a node that is no peer, or is away, are rejected", async ({ first, second, network }) => {
    const source = snapshotOf(at, [patternBytes(10)]);
    await assert.rejects(first.transport.sendSnapshot(987_654, shipped(first, source), never()), "no peer");
    await connected(first, second);
    await network.shut(second.member.id);
    await assert.rejects(first.transport.sendSnapshot(second.member.id, shipped(first, source), never()), "away");
  });
}

function backpressureTests(tests: TransportTests): void {
  tests.withStations("are read no faster than they are sent", async ({ first, second }) => {
    await connected(first, second);
    let taken = 0;
    let goOn: () => void = () => {};
    const mayGoOn = new Promise<void>((resolve) => {
      goOn = resolve;
    });
    second.heard.onSnapshot = async (incoming) => {
      for await (const chunk of incoming.read()) {
        taken += chunk.byteLength;
        await mayGoOn;
      }
    };
    const pieces = 256;
    let read = 0;
    const content = Array.from({ length: pieces }, (_, piece) => patternBytes(mebibyte / 4, piece));
    const source: StoredSnapshot = {
      ...snapshotOf(at, content),
      async *read() {
        for (const piece of content) {
          read += piece.byteLength;
          yield piece;
        }
      },
    };
    const sending = first.transport.sendSnapshot(second.member.id, shipped(first, source), never());
    await eventually("the first chunk has arrived", () => taken > 0);
    for (let seen = -1; seen !== read; ) {
      seen = read;
      await new Promise((resolve) => setImmediate(resolve));
    }
    assert.ok(read < (pieces * mebibyte) / 4, "the whole snapshot was read though its receiver took one chunk");
    goOn();
    await sending;
    assert.equal(taken, (pieces * mebibyte) / 4);
  });
}

function resumptionTests(tests: TransportTests): void {
  tests.withStations(
    "are offered first, with what names their bytes and who leads",
    async ({ first, second, third }) => {
      await connected(first, second);
      const source = snapshotOf(at, [patternBytes(3000)]);
      const offers: SnapshotOffer[] = [];
      second.heard.onOffer = async (offer) => {
        offers.push(offer);
        return 0;
      };
      let arrived: IncomingSnapshot | undefined;
      second.heard.onSnapshot = async (incoming) => {
        arrived = incoming;
        await readAll(incoming.read());
      };
      const leader = third.member.id;
      await first.transport.sendSnapshot(second.member.id, { term: 9, leader, source }, never());
      const offer = { from: first.member.id, term: 9, leader, metadata: at, content: source.content };
      assert.deepEqual(offers, [offer]);
      const { read: _, ...announced } = arrived ?? {};
      assert.deepEqual(announced, { ...offer, offset: 0 });
    },
  );

  tests.withStations("go on where their receiver says, though that lies within a chunk", async ({ first, second }) => {
    await connected(first, second);
    const bytes = patternBytes(2 * mebibyte + 77);
    const source = snapshotOf(at, [bytes.subarray(0, mebibyte), bytes.subarray(mebibyte)]);
    for (const held of [1, mebibyte - 1, mebibyte, mebibyte + 5, bytes.byteLength]) {
      second.heard.onOffer = async () => held;
      let rest: Uint8Array | undefined;
      second.heard.onSnapshot = async (incoming) => {
        assert.equal(incoming.offset, held);
        rest = await readAll(incoming.read());
      };
      await first.transport.sendSnapshot(second.member.id, shipped(first, source), never());
      assert.ok(rest, "sendSnapshot resolved before the handler had the rest");
      assertSameBytes(rest, bytes.subarray(held), `what comes after ${held} bytes`);
    }
  });

  tests.withStations("break when their receiver goes, and go on with the one that comes back", async (stations) => {
    const { first, second, network } = stations;
    await connected(first, second);
    const bytes = patternBytes(3 * mebibyte);
    let held = 0;
    let goOn: () => void = () => {};
    const gone = new Promise<void>((resolve) => {
      goOn = resolve;
    });
    const source: StoredSnapshot = {
      ...snapshotOf(at, [bytes]),
      async *read(from = 0) {
        yield bytes.subarray(from, mebibyte);
        await gone;
        yield bytes.subarray(Math.max(from, mebibyte));
      },
    };
    second.heard.onSnapshot = async (incoming) => {
      for await (const chunk of incoming.read()) held += chunk.byteLength;
    };
    const broken = first.transport.sendSnapshot(second.member.id, shipped(first, source), never());
    const failing = assert.rejects(broken);
    await eventually("a part has arrived", () => held === mebibyte);
    await network.shut(second.member.id);
    goOn();
    await failing;
    assert.ok(held < bytes.byteLength, "the receiver was gone in the middle");

    const back = await openStation(network, second.member);
    await connected(first, back);
    back.heard.onOffer = async () => held;
    let rest: Uint8Array | undefined;
    back.heard.onSnapshot = async (incoming) => {
      rest = await readAll(incoming.read());
    };
    await first.transport.sendSnapshot(second.member.id, shipped(first, source), never());
    assertSameBytes(rest ?? new Uint8Array(), bytes.subarray(held), "what was missing");
  });

  tests.withStations("that are refused when they are offered are not read", async ({ first, second }) => {
    await connected(first, second);
    second.heard.onOffer = async () => {
      throw new Error("of an old term");
    };
    let read = false;
    const source: StoredSnapshot = {
      ...snapshotOf(at, [patternBytes(10)]),
      async *read() {
        read = true;
        yield patternBytes(10);
      },
    };
    await assert.rejects(first.transport.sendSnapshot(second.member.id, shipped(first, source), never()), /old term/);
    assert.equal(read, false);
  });
}

type Outcome = "nothing arrived" | "reading" | "whole" | "broken";

/** How the next snapshot ends at its receiver. It may also never get there. */
function recordOutcome(heard: { onSnapshot: (incoming: IncomingSnapshot) => Promise<void> }): () => Outcome {
  let outcome: Outcome = "nothing arrived";
  heard.onSnapshot = async (incoming) => {
    outcome = "reading";
    try {
      await readAll(incoming.read());
      outcome = "whole";
    } catch (error) {
      outcome = "broken";
      throw error;
    }
  };
  return () => outcome;
}
