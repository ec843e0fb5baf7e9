import { ErrorCode } from "@raftkv/proto/kv";
import { describe, expect, test } from "vitest";
import { bytes, put } from "../../test-rig/command-log.ts";
import { WatchCallRig } from "../../test-rig/watch-call.ts";
import { failureIn, settle, watchRig } from "../../test-rig/watch-rig.ts";

describe("a watch", () => {
  test("is refused beyond the bounds of its stream and its node; a stream with an id twice ends", async () => {
    const rig = await watchRig({ limits: { maxStreamWatches: 2, maxWatches: 3, maxWatchStreams: 3 } });
    const call = new WatchCallRig(rig).watch(1n, { key: "a" }).watch(2n, { key: "a" }).watch(3n, { key: "a" });
    await call.has(3n, "canceled");
    expect(failureIn(call, 3n)).toMatchObject({ code: ErrorCode.RESOURCE_EXHAUSTED });
    const other = new WatchCallRig(rig).watch(1n, { key: "a" }).watch(2n, { key: "a" });
    await other.has(2n, "canceled");
    expect(failureIn(other, 2n)).toMatchObject({ code: ErrorCode.RESOURCE_EXHAUSTED });
    other.cancel(1n);
    call.cancel(1n);
    other.watch(4n, { key: "a" });
    await other.has(4n, "created");
    const twice = new WatchCallRig(rig).watch(1n, { key: "a" }).watch(1n, { key: "b" });
    await settle();
    expect(twice.end?.error).toMatchObject({ message: expect.stringContaining("never choose an id twice") });
    expect(() => new WatchCallRig(rig)).toThrow(/streams open/);
  });

  test("that waits for a revision counts as one, and keeps the credit that it is given meanwhile", async () => {
    const rig = await watchRig({ limits: { maxStreamWatches: 2, maxWatches: 2 } });
    const call = new WatchCallRig(rig).watch(1n, { from: "", minRevision: 2n, startRevision: 2n, creditBytes: 0n });
    const other = new WatchCallRig(rig).watch(1n, { key: "a", minRevision: 9n }).watch(2n, { key: "a" });
    await other.has(2n, "canceled");
    expect(failureIn(other, 2n)).toMatchObject({ code: ErrorCode.RESOURCE_EXHAUSTED });
    call.credit(1n, 1);
    await rig.write(put("a", "1"));
    expect(await call.told(1n, 1)).toEqual(["2 a=1"]);
    other.cancel(1n).watch(3n, { key: "a" });
    await other.has(3n, "created");
  });

  test("of a client that does not read takes the room of others only for a while", async () => {
    const rig = await watchRig({ limits: { maxWatchStreamBytes: 1_000, maxWatchBytes: 2_000 } });
    const stalled = [1, 2].map(() => new WatchCallRig(rig).watch(1n, { from: "" }));
    for (const call of stalled) await call.has(1n, "created");
    for (const call of stalled) call.paused = true;
    await rig.write(put("a", "v".repeat(1_000)));
    await settle();
    const other = new WatchCallRig(rig).watch(1n, { key: "b" });
    await other.has(1n, "created");
    await rig.write(put("b", "1"));
    await settle();
    expect(other.events(1n)).toEqual([]);
    rig.clock.advance(5_000);
    expect(await other.told(1n, 1)).toEqual(["3 b=1"]);
    expect(stalled.map(({ end }) => end?.error)).toContainEqual(
      expect.objectContaining({ message: expect.stringMatching(/does not read/) }),
    );
  });

  test("of a client that does not read for long is kept while there is room", async () => {
    const rig = await watchRig();
    const call = new WatchCallRig(rig).watch(1n, { from: "" });
    await call.has(1n, "created");
    call.paused = true;
    await rig.write(put("a", "1"));
    await settle();
    rig.clock.advance(60_000);
    call.resume();
    expect(await call.told(1n, 1)).toEqual(["2 a=1"]);
  });

  test.each([
    ["id 0", { watchId: 0n }, /watch_id is 0/],
    ["an empty range", { watchId: 1n, from: bytes("b"), to: bytes("a") }, /range is empty/],
    ["progress at once", { watchId: 1n, progressIntervalMs: 1n }, /at least 100/],
    ["a key that no key can be as long as", { watchId: 1n, from: new Uint8Array(4_097) }, /from has 4097 bytes/],
    ["an end like that", { watchId: 1n, to: new Uint8Array(4_098) }, /to has 4098 bytes/],
    ["a revision out of bounds", { watchId: 1n, startRevision: 2n ** 60n }, /is above/],
  ])("that makes no sense is refused: %s", async (_, value, message) => {
    const rig = await watchRig();
    const call = new WatchCallRig(rig).request({ case: "create", value });
    await call.has(value.watchId, "canceled");
    expect(failureIn(call, value.watchId)?.message).toMatch(message);
  });

  test("of each of 10,000 keys costs a put to one of them no look at the others", async () => {
    const rig = await watchRig();
    const call = new WatchCallRig(rig);
    for (let i = 1; i <= 10_000; i++) call.watch(BigInt(i), { key: `k${i}` });
    await call.has(10_000n, "created");
    const before = call.responses.length;
    await rig.write(put("k77", "x"), put("other", "y"));
    expect(await call.told(77n, 1)).toEqual(["2 k77=x"]);
    await settle();
    expect(call.responses.length).toBe(before + 1);
  });

  test("is one of 10,000 of the same key, and each is told", async () => {
    const rig = await watchRig();
    const call = new WatchCallRig(rig);
    for (let i = 1; i <= 10_000; i++) call.watch(BigInt(i), { key: "k" });
    await call.has(10_000n, "created");
    for (let i = 0; i < 3; i++) await rig.write(put("k", `${i}`));
    await call.told(10_000n, 3);
    for (let i = 1; i <= 10_000; i += 999) expect(call.events(BigInt(i))).toEqual(["2 k=0", "3 k=1", "4 k=2"]);
    // A few thousand are told in one turn, with one response.
    expect(call.responses.filter(({ response }) => response.case === "events").length).toBeLessThanOrEqual(9);
  });

  test("that is told the same as others is told after what was said to it alone", async () => {
    const rig = await watchRig();
    const call = new WatchCallRig(rig).watch(1n, { key: "a" }).watch(2n, { key: "b" }).watch(3n, { from: "" });
    await call.has(3n, "created");
    call.paused = true;
    await rig.write(put("a", "1"), put("b", "2"));
    await settle();
    call.watch(4n, { from: "", startRevision: 2n }).watch(5n, { from: "", startRevision: 2n }).cancel(1n);
    await rig.write(put("a", "3"));
    await settle();
    call.resume();
    await call.told(5n, 3);
    for (const id of [4n, 5n]) {
      expect(call.events(id)).toEqual(["2 a=1", "3 b=2", "4 a=3"]);
      expect(call.of(id)[0]?.case).toBe("created");
    }
    expect(call.events(3n)).toEqual(["2 a=1", "3 b=2", "4 a=3"]);
    expect(call.of(1n).map((response) => response.case)).toEqual(["created", "events", "canceled"]);
    const together = call.responses.filter(({ moreWatchIds }) => moreWatchIds.length > 0);
    expect(together.map(({ watchId, moreWatchIds }) => [watchId, ...moreWatchIds])).toContainEqual([4n, 5n]);
  });

  test("gets credit together with others", async () => {
    const rig = await watchRig();
    const ids = [1n, 2n, 3n];
    const call = new WatchCallRig(rig);
    for (const id of ids) call.watch(id, { key: "a", creditBytes: 1n });
    await call.has(3n, "created");
    await rig.write(put("a", "1"));
    await rig.write(put("a", "2"));
    await settle();
    for (const id of ids) expect(call.events(id)).toEqual(["2 a=1"]);
    call.request({ case: "credit", value: { watchId: 3n, moreWatchIds: [1n, 9n], bytes: 1_000n } });
    for (const id of [1n, 3n]) expect(await call.told(id, 2)).toEqual(["2 a=1", "3 a=2"]);
    expect(call.events(2n)).toEqual(["2 a=1"]);
  });
});
