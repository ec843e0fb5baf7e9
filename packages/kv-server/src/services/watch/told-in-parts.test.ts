import { expect, test } from "vitest";
import { bytes, type OperationInit, put } from "../../test-rig/command-log.ts";
import { WatchCallRig } from "../../test-rig/watch-call.ts";
import { watchRig } from "../../test-rig/watch-rig.ts";

const deleteK: OperationInit = {
  operation: { case: "deleteRange", value: { from: bytes("k"), to: bytes("l") } },
};

test("of a part of a revision hears that it was all, where the rest of the revision does not concern the watch", async () => {
  const rig = await watchRig({}, 3);
  await rig.write(...Array.from({ length: 1_200 }, (_, i) => put(`k${String(i).padStart(4, "0")}`, "1")));
  const from = rig.machine.revision() + 1;
  await rig.write(deleteK);
  const call = new WatchCallRig(rig).watch(1n, { from: "k0990", to: "k0999", startRevision: BigInt(from) });
  await call.told(1n, 9);
  const through = () => call.of(1n).map((one) => (one.case === "events" ? Number(one.value.throughRevision) : 0));
  await call.until(() => Math.max(...through()) >= from);
});

test("each watch of a stream hears of what it is told in order, wherever it has begun", async () => {
  const rig = await watchRig();
  for (let i = 0; i < 9; i++) await rig.write(put("a", "x".repeat(100 * 1024)));
  const call = new WatchCallRig(rig)
    .watch(1n, { key: "a", startRevision: 2n })
    .watch(2n, { key: "a", startRevision: 3n });
  await call.told(2n, 8);
  const revisions = (id: bigint) => call.events(id).map((event) => Number(event.split(" ")[0]));
  expect(revisions(1n)).toEqual([2, 3, 4, 5, 6, 7, 8, 9, 10]);
  expect(revisions(2n)).toEqual([3, 4, 5, 6, 7, 8, 9, 10]);
});

test("the rest of a revision that was begun is told without credit, also where others stood before it in one response", async () => {
  const rig = await watchRig({}, 3);
  await rig.write(...Array.from({ length: 1_200 }, (_, i) => put(`k${String(i).padStart(4, "0")}`, "1")));
  const from = rig.machine.revision() + 1;
  await rig.write(put("k0999", "2"));
  await rig.write(deleteK);
  const init = { from: "k0998", to: "k1001", startRevision: BigInt(from), creditBytes: 139n };
  const call = new WatchCallRig(rig).watch(1n, init);
  await call.told(1n, 4);
});
