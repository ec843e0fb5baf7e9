import type { Member } from "@raftkv/raft-core";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { StateMark } from "../state/state-marks.ts";
import { ManualClock, promisesSettle } from "../test-rig/manual-clock.ts";
import { serviceRig } from "../test-rig/service-rig.ts";
import { ConsistencyCheck } from "./consistency-check.ts";
import type { WholeMark } from "./peer-inspection.ts";

/** Node 1 of five. Each has its marks, by index; revision r is that of index r. */
class Replicas {
  readonly clock = new ManualClock();
  readonly marks = new Map<number, Map<number, bigint>>();
  readonly down = new Set<number>();
  /** What each has found when it checked its whole state. */
  readonly wholes = new Map<number, WholeMark>();
  /** Node 1 has checked its own. */
  wholeDone = () => {};
  readonly differences: string[] = [];
  readonly damaged: string[] = [];
  readonly check: ConsistencyCheck;
  voters = [1, 2, 3, 4, 5];
  asked = 0;
  #listener = () => {};

  constructor() {
    for (const id of this.voters) this.marks.set(id, new Map());
    const members: Member[] = this.voters.map((id) => ({ id, address: `${id}`, memberId: `m${id}` }));
    const own = () => this.marks.get(1) ?? new Map<number, bigint>();
    const newest = () => Math.max(0, ...own().keys());
    const { wholes } = this;
    this.check = new ConsistencyCheck({
      cluster: () => ({ self: 1, voters: this.voters, members }),
      state: {
        appliedIndex: newest,
        revision: newest,
        marks: { at: (index) => this.#markOf(1, index), atRevision: () => undefined },
        checks: {
          get last() {
            return wholes.get(1);
          },
          onDone: (listener) => {
            this.wholeDone = listener;
            return () => {};
          },
        },
        onApplied: (listener) => {
          this.#listener = listener;
          return () => {
            this.#listener = () => {};
          };
        },
      },
      clock: this.clock,
      inspect: async (address) => {
        this.asked++;
        const nodeId = Number(address);
        if (this.down.has(nodeId)) throw new Error("down");
        const indexes = [...(this.marks.get(nodeId)?.keys() ?? [])];
        const marks = indexes.flatMap((index) => this.#markOf(nodeId, index) ?? []);
        return {
          nodeId,
          memberId: `m${nodeId}`,
          clusterId: "c",
          maxApplyVersion: 3,
          marks,
          whole: this.wholes.get(nodeId),
        };
      },
      onDifference: (message) => this.differences.push(message),
      onDamaged: ({ message }) => this.damaged.push(message),
    });
  }

  /** The entry at `index` is applied; by those nodes in another way than by the others. */
  apply(index: number, wrong: readonly number[] = [], hash = 666n): void {
    for (const [id, marks] of this.marks) marks.set(index, wrong.includes(id) ? hash : BigInt(index));
    this.#listener();
  }

  async pass(elapsedMs = 5_000): Promise<void> {
    this.clock.advance(elapsedMs);
    await promisesSettle();
    await promisesSettle();
  }

  #markOf(id: number, index: number): StateMark | undefined {
    const hash = this.marks.get(id)?.get(index);
    return hash === undefined ? undefined : { index, revision: index, hash };
  }
}

let replicas: Replicas;

beforeEach(() => {
  replicas = new Replicas();
});

afterEach(() => replicas.check.close());

describe("replicas that compare their states", () => {
  test("say nothing while they are the same, and ask nobody while nothing is written", async () => {
    replicas.apply(1);
    replicas.apply(2);
    await replicas.pass();
    expect([replicas.asked, replicas.differences, replicas.damaged]).toEqual([4, [], []]);
    await replicas.pass(60_000);
    expect([replicas.asked, replicas.clock.pendingTimers]).toEqual([4, 0]);
    replicas.apply(3);
    await replicas.pass();
    expect(replicas.asked).toBe(8);
  });

  test("tell once of one that differs, and from which revision on, and go on", async () => {
    for (let index = 1; index <= 9; index++) replicas.apply(index, index > 6 ? [4] : []);
    await replicas.pass();
    expect(replicas.check.differing).toEqual([4]);
    expect(replicas.differences).toEqual([
      "the state of node 1 differs from that of node 4 from a revision after 6 and up to 7 on (index 6 to 7): one of them " +
        "is damaged; whichever a majority contradicts stops by itself",
    ]);
    replicas.apply(10, [4]);
    await replicas.pass();
    expect([replicas.differences.length, replicas.damaged]).toEqual([1, []]);
    replicas.marks.set(4, new Map(replicas.marks.get(1)));
    replicas.apply(11);
    await replicas.pass();
    expect(replicas.check.differing).toEqual([]);
  });

  test("stop where a majority contradicts, with what is wrong and what to do", async () => {
    for (let index = 1; index <= 9; index++) replicas.apply(index, index > 6 ? [1] : []);
    await replicas.pass();
    expect(replicas.damaged).toEqual([
      expect.stringMatching(
        /^the state of node 1 differs from that of a majority, nodes 2, 3, 4, 5, from a revision after 6 and up to 7 on .* raftkv member replace 1 ADDRESS/,
      ),
    ]);
  });

  test.each([
    ["only two of five contradict", (all: Replicas) => all.apply(1, [1, 4, 5])],
    [
      "those that contradict do not agree among themselves",
      (all: Replicas) => {
        all.apply(1, [1]);
        all.marks.get(2)?.set(1, 7n);
        all.marks.get(3)?.set(1, 8n);
      },
    ],
    [
      "too many of a majority are down",
      (all: Replicas) => {
        all.apply(1, [1]);
        all.down.add(2).add(3);
      },
    ],
    [
      "those that contradict have no vote",
      (all: Replicas) => {
        all.voters = [1, 2];
        all.apply(1, [1, 2]);
      },
    ],
  ])("do not stop where %s, but tell", async (_, happens) => {
    happens(replicas);
    await replicas.pass();
    expect(replicas.damaged).toEqual([]);
    expect(replicas.differences).toHaveLength(1);
  });

  test("ask again, until all were heard of and have come as far", async () => {
    replicas.apply(1);
    replicas.down.add(5);
    replicas.marks.get(4)?.delete(1);
    await replicas.pass();
    replicas.down.delete(5);
    await replicas.pass();
    expect(replicas.asked).toBe(4 + 4);
    // What another node has not come to yet is no difference, but has not been compared.
    replicas.marks.get(4)?.set(0, 0n);
    replicas.apply(2);
    replicas.marks.get(4)?.delete(2);
    await replicas.pass();
    await replicas.pass();
    expect(replicas.asked).toBe(4 + 4 + 4 + 4);
    replicas.marks.get(4)?.set(2, 1n);
    await replicas.pass();
    expect(replicas.check.differing).toEqual([4]);
  });

  test("stop where a majority has found another whole state, though all that was done is the same", async () => {
    replicas.apply(3);
    await replicas.pass();
    const whole = (fingerprint: number, index = 3): WholeMark => ({
      index,
      revision: 3,
      fingerprint: Uint8Array.of(fingerprint),
    });
    replicas.wholes.set(1, whole(1)).set(2, whole(2)).set(3, whole(2, 2)).set(4, whole(3));
    replicas.wholeDone();
    await replicas.pass();
    // Of one entry only, and those that agree are no majority.
    expect([replicas.check.differing, replicas.damaged]).toEqual([[2, 4], []]);
    expect(replicas.differences).toEqual([
      expect.stringMatching(
        /^the state of node 1 differs from that of nodes 2, 4 in what its database holds, .* \(index 3\)/,
      ),
    ]);
    replicas.wholes.set(3, whole(2)).set(5, whole(2));
    await replicas.pass();
    expect(replicas.damaged).toEqual([
      expect.stringContaining("a majority, nodes 2, 3, 5, in what its database holds"),
    ]);
  });

  test("ask for the whole states of the others until all have told, and no longer", async () => {
    const whole = { index: 1, revision: 1, fingerprint: Uint8Array.of(1) };
    for (const id of [1, 2, 3, 4]) replicas.wholes.set(id, whole);
    replicas.wholeDone();
    await replicas.pass();
    await replicas.pass();
    expect(replicas.asked).toBe(8);
    replicas.wholes.set(5, whole);
    await replicas.pass();
    await replicas.pass(60_000);
    expect([replicas.asked, replicas.clock.pendingTimers]).toEqual([12, 0]);
  });

  test("end with the services of the node", async () => {
    const messages: string[] = [];
    const rig = await serviceRig({ onDamaged: ({ message }) => messages.push(message) });
    await rig.kv.put({
      keyForm: { case: "key", value: Buffer.from("a") },
      valueForm: { case: "valueText", value: "1" },
    });
    const timers = rig.clock.pendingTimers;
    rig.services.close();
    expect(rig.clock.pendingTimers).toBeLessThan(timers);
    expect((await rig.cluster.status({})).differingNodeIds).toEqual([]);
  });
});
