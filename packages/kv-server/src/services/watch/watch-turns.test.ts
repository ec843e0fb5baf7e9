import { describe, expect, test } from "vitest";
import { put } from "../../test-rig/command-log.ts";
import { WatchCallRig } from "../../test-rig/watch-call.ts";
import { settle, watchRig } from "../../test-rig/watch-rig.ts";

/** A rig whose turns of the event loop end when the test says so. */
async function rigOfTurns() {
  const waiting: (() => void)[] = [];
  const limits = { maxStreamWatches: 10_000, maxWatches: 20_000 };
  const rig = await watchRig({ endOfTurn: (callback) => void waiting.push(callback), limits });
  const nextCallback = async () => {
    waiting.shift()?.();
    await settle();
  };
  const endTurn = async () => {
    for (const callback of waiting.splice(0)) callback();
    await settle();
  };
  return { rig, nextCallback, endTurn };
}

describe("a watch, whatever comes between two turns of the event loop,", () => {
  test("that has caught up with a part of what others wait to be told is not told that again with them (row 30)", async () => {
    const { rig, nextCallback, endTurn } = await rigOfTurns();
    await rig.write(put("a", "2"));
    const call = new WatchCallRig(rig).watch(1n, { key: "a" }).watch(2n, { key: "a", startRevision: 2n });
    await rig.write(put("a", "3"));
    await nextCallback();
    expect([call.events(1n), call.events(2n)]).toEqual([[], ["2 a=2", "3 a=3"]]);
    await rig.write(put("a", "4"));
    for (let turn = 0; turn < 5; turn++) await endTurn();
    expect([call.events(1n), call.events(2n)]).toEqual([
      ["3 a=3", "4 a=4"],
      ["2 a=2", "3 a=3", "4 a=4"],
    ]);
  });

  test("misses nothing when it begins while thousands of others are being told (row 26)", async () => {
    const { rig, endTurn } = await rigOfTurns();
    const call = new WatchCallRig(rig).watch(1n, { key: "a" });
    for (let id = 2n; id <= 5_000n; id++) call.watch(id, { key: "b" });
    await rig.write(put("a", "2"), put("b", "3"));
    // One turn is not enough for all of them: those of `a` have been told.
    await endTurn();
    call.watch(9_999n, { key: "a", startRevision: 2n });
    for (let turn = 0; turn < 5; turn++) await endTurn();
    expect([1n, 9_999n, 5_000n].map((id) => call.events(id))).toEqual([["2 a=2"], ["2 a=2"], ["3 b=3"]]);
  });

  test("is told of no progress past events that wait for the turn's end (row 29)", async () => {
    const { rig, endTurn } = await rigOfTurns();
    const call = new WatchCallRig(rig).watch(1n, { key: "a", progressIntervalMs: 500n });
    await rig.write(put("a", "2"));
    rig.clock.advance(500);
    await settle();
    await endTurn();
    rig.clock.advance(500);
    await settle();
    const told = call.responses.map(({ response }) =>
      response.case === "progress" ? `through ${response.value.revision}` : response.case,
    );
    expect(told).toEqual(["created", "through 1", "events", "through 2"]);
  });
});
