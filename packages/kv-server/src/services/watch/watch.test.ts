import { ErrorCode } from "@raftkv/proto/kv";
import { RaftError } from "@raftkv/raft-core";
import { describe, expect, test } from "vitest";
import { bytes, compact, del, put, raiseApplyVersion } from "../../test-rig/command-log.ts";
import { sourceOf } from "../../test-rig/snapshot-source.ts";
import { WatchCallRig } from "../../test-rig/watch-call.ts";
import { failureIn, settle, watchRig } from "../../test-rig/watch-rig.ts";

describe.each(["hand", "Connect"] as const)("watches carried by %s", (carrier) => {
  test("tell of a key, a prefix and a range from now on, puts and deletes, each once and in order", async () => {
    const rig = await watchRig();
    await rig.write(put("a", "before"));
    const call = new WatchCallRig(rig, carrier)
      .watch(1n, { key: "a" })
      .watch(2n, { from: "b", to: "c" })
      .watch(3n, { from: "aa" });
    for (const id of [1n, 2n, 3n]) await call.has(id, "created");
    await rig.write(put("a", "1"), put("b", "2"), put("a\0", "x"), put("bb", "3"));
    await rig.write(del("a"), put("c", "4"));
    expect(await call.told(1n, 2)).toEqual(["3 a=1", "7 a deleted"]);
    expect(await call.told(2n, 2)).toEqual(["4 b=2", "6 bb=3"]);
    expect(await call.told(3n, 3)).toEqual(["4 b=2", "6 bb=3", "8 c=4"]);
    expect(call.of(1n)[0]).toMatchObject({ case: "created", value: { revision: 2n } });
  });

  test("say what they were asked for: the whole entry, what it was before, and only puts or deletes", async () => {
    const rig = await watchRig();
    await rig.write(put("a", "0"));
    await rig.machine.flush();
    const call = new WatchCallRig(rig, carrier)
      .watch(1n, { key: "a", withPrevious: true })
      .watch(2n, { key: "a", withoutDeletes: true })
      .watch(3n, { key: "a", withoutPuts: true, withPrevious: true })
      .watch(4n, { key: "a", withoutPuts: true, withoutDeletes: true });
    await call.has(4n, "canceled");
    await rig.write(put("a", "1"));
    await rig.write(put("a", "2"), del("a"), put("a", "3"));
    expect(await call.told(1n, 4)).toEqual(["3 a=1, was 0", "4 a=2, was 1", "5 a deleted, was 2", "6 a=3"]);
    expect(await call.told(2n, 3)).toEqual(["3 a=1", "4 a=2", "6 a=3"]);
    expect(await call.told(3n, 1)).toEqual(["5 a deleted, was 2"]);
    const [event] = call.of(1n).flatMap((one) => (one.case === "events" ? one.value.events : []));
    expect(event?.entry).toMatchObject({ createRevision: 2n, modRevision: 3n, version: 2n });
    expect(event?.previous).toMatchObject({ createRevision: 2n, modRevision: 2n, version: 1n });
    expect(failureIn(call, 4n)?.code).toBe(ErrorCode.INVALID_REQUEST);
  });

  test("begin at any revision that is kept, in memory or in the engine, and go on with what is written now", async () => {
    const rig = await watchRig();
    for (let i = 0; i < 30; i++) await rig.write(put(`k${i % 3}`, `${i}`), ...(i % 5 === 4 ? [del("k0")] : []));
    await rig.machine.flush();
    for (let i = 30; i < 40; i++) await rig.write(put(`k${i % 3}`, `${i}`));
    const all = new WatchCallRig(rig, carrier).watch(1n, { from: "k", to: "l", startRevision: 2n });
    await rig.write(put("k9", "now"));
    const events = await all.told(1n, 40);
    const revisions = events.map((event) => Number(event.split(" ")[0]));
    expect(revisions[0]).toBe(2);
    expect(revisions).toEqual(revisions.map((_, i) => 2 + i));
    expect(events.at(-1)).toMatch(/k9=now/);
    for (const start of [3, 20, 33, 40]) {
      const call = new WatchCallRig(rig, carrier).watch(1n, { from: "k", to: "l", startRevision: BigInt(start) });
      const expected = events.slice(start - 2);
      expect(await call.told(1n, expected.length)).toEqual(expected);
    }
  });

  test("that are cancelled tell nothing more, and the stream goes on", async () => {
    const rig = await watchRig();
    const call = new WatchCallRig(rig, carrier).watch(1n, { key: "a" }).watch(2n, { key: "a" }).cancel(1n).cancel(9n);
    await call.has(1n, "canceled");
    await rig.write(put("a", "1"));
    expect(await call.told(2n, 1)).toEqual(["2 a=1"]);
    expect(call.events(1n)).toEqual([]);
    expect(failureIn(call, 1n)).toBeUndefined();
    call.close();
    await settle();
    await rig.write(put("a", "2"));
    await settle();
    expect(call.events(2n)).toEqual(["2 a=1"]);
  });
});

describe("a watch", () => {
  test("from a revision that is to come waits for it, and is told nothing earlier (row 28)", async () => {
    const rig = await watchRig();
    const call = new WatchCallRig(rig).watch(1n, { key: "a", startRevision: 5n, progressIntervalMs: 100n });
    await rig.write(put("a", "2"));
    await rig.write(put("a", "3"), put("a", "4"), put("a", "5"));
    await rig.write(put("a", "6"));
    expect(await call.told(1n, 2)).toEqual(["5 a=5", "6 a=6"]);
  });

  test("begins once the node has come to its min_revision", async () => {
    const rig = await watchRig();
    const call = new WatchCallRig(rig).watch(1n, { key: "a", minRevision: 4n });
    await rig.write(put("a", "2"), put("a", "3"));
    await settle();
    expect(call.responses).toEqual([]);
    await rig.write(put("a", "4"));
    await call.has(1n, "created");
    await rig.write(put("a", "5"));
    expect(await call.told(1n, 1)).toEqual(["5 a=5"]);
    const never = new WatchCallRig(rig).watch(1n, { key: "a", minRevision: 99n }).cancel(1n);
    await never.has(1n, "canceled");
    expect(never.of(1n).map((response) => response.case)).toEqual(["canceled"]);
  });

  test("of what is compacted is refused with the earliest revision, and one from there sees a deletion there (row 27)", async () => {
    const rig = await watchRig();
    await rig.write(put("a", "2"), put("a", "3"), del("a"), put("b", "5"));
    await rig.write(compact(4));
    await rig.machine.fingerprint();
    const call = new WatchCallRig(rig)
      .watch(1n, { from: "", startRevision: 3n })
      .watch(2n, { from: "", startRevision: 4n, withPrevious: true });
    await call.has(1n, "canceled");
    expect(failureIn(call, 1n)).toMatchObject({ code: ErrorCode.COMPACTED, compactRevision: 4n });
    expect(failureIn(call, 1n)?.message).toContain("the earliest revision to watch from is 4");
    expect(await call.told(2n, 2)).toEqual(["4 a deleted", "5 b=5"]);
  });

  test("needs history", async () => {
    const rig = await watchRig({}, 1);
    const call = new WatchCallRig(rig).watch(1n, { key: "a" });
    await call.has(1n, "canceled");
    expect(failureIn(call, 1n)?.code).toBe(ErrorCode.NO_HISTORY);
    const canceled = new WatchCallRig(rig).watch(2n, { key: "a" }).cancel(2n);
    await canceled.has(2n, "canceled");
    await settle();
    expect(canceled.of(2n).map((response) => response.case)).toEqual(["canceled"]);
    expect(failureIn(canceled, 2n)).toBeUndefined();
  });

  test("starts on a node whose state is from before history was kept, once that is up to date", async () => {
    const rig = await watchRig({}, 1);
    const { consensus } = rig;
    consensus.holding = true;
    void rig.write(raiseApplyVersion(2));
    const readIndex = consensus.readIndex.bind(consensus);
    const isAsked = Promise.withResolvers<void>();
    const isConfirmed = Promise.withResolvers<void>();
    consensus.readIndex = async (signal) => {
      isAsked.resolve();
      await isConfirmed.promise;
      consensus.commit();
      return readIndex(signal);
    };
    const call = new WatchCallRig(rig).watch(1n, { key: "a" });
    await isAsked.promise;
    expect(call.of(1n)).toEqual([]);
    isConfirmed.resolve();
    await call.has(1n, "created");
    consensus.holding = false;
    await rig.write(put("a", "1"));
    expect(await call.told(1n, 1)).toEqual(["2 a=1"]);
  });

  test("is refused for now on such a node where nobody tells it whether it is up to date", async () => {
    const rig = await watchRig({}, 1);
    rig.consensus.readIndexError = new RaftError("notLeader", "nobody leads just now");
    const call = new WatchCallRig(rig).watch(1n, { key: "a" });
    await call.has(1n, "canceled");
    expect(failureIn(call, 1n)?.code).toBe(ErrorCode.NOT_READY);
  });

  test("does not begin at a write of before history was kept, of which only the value is known", async () => {
    for (const last of [put("a", "3"), del("a")]) {
      const rig = await watchRig({}, 1);
      await rig.write(put("a", "2"));
      await rig.write(last);
      await rig.write(raiseApplyVersion(2));
      await rig.write(put("a", "4"));
      await rig.machine.flush();
      const call = new WatchCallRig(rig)
        .watch(1n, { key: "a", startRevision: 3n })
        .watch(2n, { key: "a", startRevision: 4n, withPrevious: true });
      await call.has(1n, "canceled");
      expect(failureIn(call, 1n)).toMatchObject({ code: ErrorCode.COMPACTED, compactRevision: 4n });
      expect(await call.told(2n, 1)).toEqual([last.operation?.case === "put" ? "4 a=4, was 3" : "4 a=4"]);
    }
  });

  test("says what a key was before history was kept as a whole", async () => {
    const rig = await watchRig({}, 1);
    await rig.write(put("a", "2"), put("a", "3"));
    await rig.write(put("b", "4"));
    await rig.machine.flush();
    await rig.write(raiseApplyVersion(2));
    await rig.write(put("a", "5"));
    await rig.machine.flush();
    const call = new WatchCallRig(rig).watch(1n, { key: "a", startRevision: 5n, withPrevious: true });
    expect(await call.told(1n, 1)).toEqual(["5 a=5, was 3"]);
    const [event] = call.of(1n).flatMap((one) => (one.case === "events" ? one.value.events : []));
    expect(event?.previous).toMatchObject({ createRevision: 2n, modRevision: 3n, version: 2n });
  });

  test("without credit costs no memory, and goes on out of history with the credit that comes", async () => {
    const rig = await watchRig();
    const credit = 64 + 1 + 1; // one event of key and value of a byte each
    const call = new WatchCallRig(rig).watch(1n, { key: "a", creditBytes: BigInt(2 * credit) }).watch(2n, { key: "a" });
    await call.has(2n, "created");
    for (let i = 0; i < 9; i++) {
      await rig.write(put("a", `${i}`));
      await settle();
    }
    await rig.machine.flush();
    expect(await call.told(2n, 9)).toHaveLength(9);
    expect(call.events(1n)).toEqual(["2 a=0", "3 a=1"]);
    call.credit(1n, 1);
    expect(await call.told(1n, 3)).toEqual(["2 a=0", "3 a=1", "4 a=2"]);
    call.credit(1n, 4 * credit);
    await call.told(1n, 7);
    await settle();
    // It owes what it was sent beyond its credit, and the last revision is sent whole where any is left.
    expect(call.events(1n)).toHaveLength(7);
    call.credit(1n, 100 * credit);
    expect(await call.told(1n, 9)).toEqual(call.events(2n));
    await rig.write(put("a", "live"));
    expect((await call.told(1n, 10)).at(-1)).toBe("11 a=live");
  });

  test("without credit is cancelled when it goes on where what it needs was compacted meanwhile", async () => {
    const rig = await watchRig();
    const call = new WatchCallRig(rig)
      .watch(1n, { key: "a", creditBytes: 1n })
      .watch(2n, { key: "b", creditBytes: 1n });
    await call.has(2n, "created");
    for (let i = 0; i < 9; i++) await rig.write(put("a", `${i}`));
    await rig.write(compact(8));
    await call.told(1n, 1);
    call.credit(1n, 1_000);
    await call.has(1n, "canceled");
    expect(failureIn(call, 1n)).toMatchObject({ code: ErrorCode.COMPACTED, compactRevision: 8n });
    // Nothing was written to what the other one is about: it has missed nothing.
    await rig.write(put("b", "x"));
    expect(await call.told(2n, 1)).toEqual(["11 b=x"]);
  });

  test("whose client does not read is not told, loses nothing, and holds up nobody (row 26)", async () => {
    const rig = await watchRig({ limits: { maxWatchStreamBytes: 1_000 } });
    const slow = new WatchCallRig(rig).watch(1n, { from: "" });
    const quick = new WatchCallRig(rig).watch(1n, { from: "" });
    await slow.has(1n, "created");
    slow.paused = true;
    for (let i = 0; i < 200; i++) {
      await rig.write(put(`k${i % 7}`, `${i}`));
      await settle();
    }
    expect(await quick.told(1n, 200)).toHaveLength(200);
    await rig.machine.flush();
    expect(slow.events(1n)).toEqual([]);
    slow.resume();
    expect(await slow.told(1n, 200)).toEqual(quick.events(1n));
  });

  test("shares the room of the node, and goes on when another has made room", async () => {
    const rig = await watchRig({ limits: { maxWatchBytes: 1_000 } });
    const slow = new WatchCallRig(rig).watch(1n, { from: "" });
    await slow.has(1n, "created");
    slow.paused = true;
    await rig.write(put("big", "x".repeat(2_000)));
    await settle();
    const other = new WatchCallRig(rig).watch(1n, { from: "", startRevision: 2n });
    await settle();
    expect(other.events(1n)).toEqual([]);
    slow.close();
    expect(await other.told(1n, 1)).toHaveLength(1);
  });

  test("goes on out of history when a snapshot takes the place of the state, or says that it cannot (row 25)", async () => {
    const ahead = await watchRig();
    const behind = await watchRig();
    for (const rig of [ahead, behind]) await rig.write(put("a", "2"));
    const call = new WatchCallRig(behind).watch(1n, { key: "a" }).watch(2n, { key: "a", creditBytes: 1n });
    await call.has(2n, "created");
    await behind.write(put("a", "3"));
    await call.told(2n, 1);
    for (const value of ["3", "4", "5"]) await ahead.write(put("a", value));
    const restore = async () => {
      const snapshot = await ahead.machine.snapshot();
      await behind.machine.restore(sourceOf(snapshot.index, snapshot.read()));
      await snapshot.close();
    };
    await restore();
    expect(await call.told(1n, 3)).toEqual(["3 a=3", "4 a=4", "5 a=5"]);
    await ahead.write(put("a", "6"), put("a", "7"));
    await ahead.write(compact(7));
    await restore();
    call.credit(2n, 1_000);
    for (const id of [1n, 2n]) {
      await call.has(id, "canceled");
      expect(failureIn(call, id)).toMatchObject({ code: ErrorCode.COMPACTED, compactRevision: 7n });
    }
  });

  test("is told of large values in several responses, of which each says how far it goes", async () => {
    const rig = await watchRig();
    const value = "x".repeat(200_000);
    await rig.write(put("a", value), put("b", value), put("c", value));
    const call = new WatchCallRig(rig).watch(1n, { from: "", startRevision: 2n });
    await call.told(1n, 3);
    const through = call.of(1n).flatMap((one) => (one.case === "events" ? [one.value.throughRevision] : []));
    expect(through).toEqual([2n, 3n, 4n]);
  });

  test.each([
    ["as they are applied", undefined],
    ["out of history", 2n],
  ])("is told the changes of a transaction together, %s, whatever credit is left", async (_, startRevision) => {
    const rig = await watchRig({}, 3);
    const value = bytes("x".repeat(150_000));
    const puts = ["a", "b", "c"].map((key) => ({ step: { case: "put", value: { key: bytes(key), value } } }) as const);
    // biome-ignore lint/suspicious/noThenProperty: the contract calls it so, and nobody awaits it
    const transaction = { operation: { case: "transaction", value: { then: puts } } } as const;
    const gone = { operation: { case: "deleteRange", value: { from: bytes("a"), to: bytes("c") } } } as const;
    if (startRevision !== undefined) await rig.write(transaction, gone);
    const start = startRevision === undefined ? {} : { startRevision };
    const call = new WatchCallRig(rig)
      .watch(1n, { from: "", ...start })
      .watch(3n, { from: "", creditBytes: 1n, ...start })
      .watch(4n, { from: "b", to: "c", ...start });
    await call.has(4n, "created");
    if (startRevision === undefined) await rig.write(transaction, gone);
    const told = (watchId: bigint) =>
      call.of(watchId).flatMap((response) => {
        if (response.case !== "events") return [];
        const { events, throughRevision } = response.value;
        const keys = events.map(({ entry }) => `${entry?.modRevision}${Buffer.from(entry?.key ?? [])}`);
        return [`${keys.join(" ")} through ${throughRevision}`];
      });
    await call.told(1n, 5);
    expect(told(1n)).toEqual(["2a through 1", "2b through 1", "2c 3a 3b through 3"]);
    await call.told(3n, 3);
    await settle();
    expect(told(3n)).toEqual(["2a through 1", "2b through 1", "2c through 2"]);
    call.credit(3n, 10_000_000);
    await call.told(3n, 5);
    expect(told(3n)[3]).toBe("3a 3b through 3");
    expect(await call.told(4n, 2)).toHaveLength(2);
  });

  test("is told how far its node has come, never ahead of events, and not while the node knows no leader (row 29)", async () => {
    const rig = await watchRig();
    const call = new WatchCallRig(rig)
      .watch(1n, { key: "a", progressIntervalMs: 1_000n })
      .watch(2n, { key: "b", progressIntervalMs: 500n });
    await call.has(2n, "created");
    await rig.write(put("a", "2"));
    await rig.write(put("x", "3"));
    await settle();
    rig.clock.advance(500);
    await settle();
    expect(call.responses.at(-1)).toMatchObject({
      watchId: 0n,
      response: { case: "progress", value: { revision: 3n } },
    });
    expect(call.events(1n)).toEqual(["2 a=2"]);
    const before = call.responses.length;
    rig.consensus.become("candidate", undefined);
    rig.clock.advance(500);
    await settle();
    expect(call.responses.length).toBe(before);
    rig.consensus.become("follower", 2);
    call.watch(3n, { key: "a", creditBytes: 1n, progressIntervalMs: 500n, startRevision: 2n });
    await call.told(3n, 1);
    await rig.write(put("a", "4"));
    await settle();
    rig.clock.advance(500);
    await settle();
    const marks = call.responses.slice(before).filter(({ response }) => response.case === "progress");
    const shown = marks.map(({ watchId, response }) => [
      watchId,
      response.case === "progress" && response.value.revision,
    ]);
    expect(shown).toEqual([
      [1n, 4n],
      [2n, 4n],
      [3n, 3n],
    ]);
  });
});
