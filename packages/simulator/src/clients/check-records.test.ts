import { create } from "@bufbuild/protobuf";
import { CheckedStateSchema } from "@raftkv/proto/cluster";
import { expect, it } from "vitest";
import { StoreReplay } from "../history/replay/store-replay.ts";
import { StoreHistory } from "../observed/store-history.ts";
import { CheckRecords } from "./check-records.ts";

const state = (index: bigint, hash: number, keys = 1n) =>
  create(CheckedStateSchema, { index, revision: 2n, keys, fingerprint: Uint8Array.of(hash) });

const moment = (revision: number) => ({
  revision,
  earliest: 1,
  earliestTold: 1,
  clusterTimeMs: 0,
  atMs: revision,
  committedMs: revision,
});
const replay = new StoreReplay([{ revision: 2, changes: [{ key: "a", value: "1" }] }]);
const history = new StoreHistory({
  replay,
  moments: [moment(1), moment(2)],
  transactions: [],
  refused: [],
  leases: [],
});

it("has every node tell of an entry what the first has told, and goes on telling it", () => {
  const records = new CheckRecords();
  expect(records.add(1, state(1n, 7))).toBeUndefined();
  expect(records.add(2, state(1n, 7))).toBeUndefined();
  expect(records.add(1, state(2n, 8))).toBeUndefined();
  expect(records.add(1, state(1n, 8))).toBe("as of entry 1 node 1 has told 2 1 07, and node 1 2 1 08");
  expect(records.count).toBe(4);
});

it("has them find as many keys as there are", () => {
  const right = new CheckRecords();
  right.add(1, state(1n, 7));
  right.check(history);
  const wrong = new CheckRecords();
  wrong.add(3, state(1n, 7, 2n));
  expect(() => wrong.check(history)).toThrow(
    "node 3 has found 2 keys at revision 2 as of entry 1, and there were 1 at 2",
  );
});
