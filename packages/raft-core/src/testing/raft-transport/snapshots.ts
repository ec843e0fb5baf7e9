import assert from "node:assert/strict";
import type { IncomingSnapshot } from "../../ports/raft-transport.ts";
import { eventually } from "../eventually.ts";
import { assertSameBytes } from "../expectations.ts";
import { jointMembership, metadata, patternBytes } from "../sample-log.ts";
import { brokenSnapshot, readAll, snapshotOf } from "../sample-snapshot.ts";
import { connected, numbered, numbersFrom, type TransportTests } from "./suite.ts";

const mebibyte = 1024 * 1024;
const at = metadata(42, 7, jointMembership());

function never(): AbortSignal {
  return new AbortController().signal;
}

export function snapshotTests(tests: TransportTests): void {
  tests.describe("snapshots", () => {
    arrivalTests(tests);
    failureTests(tests);
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
      await first.transport.sendSnapshot(second.member.id, 9, snapshotOf(at, chunks), never());
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
    const sending = first.transport.sendSnapshot(second.member.id, 9, source, never()).then(() => {
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
      first.transport.sendSnapshot(second.member.id, 9, snapshotOf(at, [patternBytes(3 * 1000)]), never());
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
    await assert.rejects(first.transport.sendSnapshot(second.member.id, 9, source, never()));
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
    await assert.rejects(first.transport.sendSnapshot(second.member.id, 9, source, calledOff.signal));
    await eventually("the receiver learns of it", () => outcome() !== "reading");
    assert.notEqual(outcome(), "whole");
    await assert.rejects(
      first.transport.sendSnapshot(second.member.id, 9, endless, AbortSignal.abort(new Error("called off before"))),
    );
  });

  tests.withStations("to a node that is no peer, or is away, are rejected", async ({ first, second, network }) => {
    const source = snapshotOf(at, [patternBytes(10)]);
    await assert.rejects(first.transport.sendSnapshot(987_654, 9, source, never()), "no peer");
    await connected(first, second);
    await network.shut(second.member.id);
    await assert.rejects(first.transport.sendSnapshot(second.member.id, 9, source, never()), "away");
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
