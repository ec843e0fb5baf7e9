import { afterEach, beforeEach, describe, expect, expectTypeOf, it } from "vitest";
import { number, object } from "zod";
import { RaftKv } from "../raft-kv.ts";
import { ScriptedNode } from "../testing/scripted-node.ts";
import type { TypedEntry } from "./typed-entry.ts";

let node: ScriptedNode;
let kv: RaftKv;

beforeEach(async () => {
  node = await ScriptedNode.start();
  kv = new RaftKv({ endpoints: [node.address] });
});

afterEach(async () => {
  await kv.close();
  await node.stop();
});

const Counter = object({ count: number().int().max(3) });

describe("an update", () => {
  it("writes what it makes of what is there, or of nothing", async () => {
    const counters = kv.namespace("c/").typed({ value: Counter });
    const add = () => counters.update("a", (found) => ({ count: (found?.count ?? 0) + 1 }));
    expect(await add()).toEqual({ revision: 1 });
    expect(await add()).toEqual({ revision: 2 });
    expect((await counters.get("a"))?.value).toEqual({ count: 2 });
    expect(node.store.effects).toEqual(['put c/a={"count":1}', 'put c/a={"count":2}']);
  });

  it("keeps the lease of a key that is there", async () => {
    const counters = kv.typed({ value: Counter });
    for (const count of [1, 2]) await counters.update("a", () => ({ count }));
    const operations = node.received.flatMap(({ commands }) => commands?.operations ?? []);
    const puts = operations.flatMap(({ operation }) => (operation.case === "transaction" ? operation.value.then : []));
    expect(puts).toMatchObject([{ step: { value: { keepLease: false } } }, { step: { value: { keepLease: true } } }]);
  });

  it("begins again where others have written meanwhile, with what they wrote", async () => {
    const counters = kv.typed({ value: Counter });
    const seen: (number | undefined)[] = [];
    await counters.update("a", async (found) => {
      seen.push(found?.count);
      if (seen.length === 1) await counters.put("a", { count: 2 });
      return { count: (found?.count ?? 0) + 1 };
    });
    expect(seen).toEqual([undefined, 2]);
    expect((await counters.get("a"))?.value.count).toBe(3);
  });

  it("gives up after as many attempts as it has", async () => {
    const counters = kv.typed({ value: Counter });
    let asked = 0;
    const beaten = counters.update(
      "a",
      async () => {
        asked++;
        await kv.put("a", '{"count":0}');
        return { count: 1 };
      },
      { attempts: 3 },
    );
    await expect(beaten).rejects.toMatchObject({ code: "CONFLICT", outcomeUnknown: false });
    expect(asked).toBe(3);
  });

  it("leaves the key as it is where it gives nothing, throws, or makes what does not fit", async () => {
    const counters = kv.typed({ value: Counter });
    await counters.put("a", { count: 3 });
    expect(await counters.update("a", () => undefined)).toBeUndefined();
    const failed = counters.update("a", () => {
      throw new Error("no");
    });
    await expect(failed).rejects.toThrow("no");
    await expect(counters.update("a", (found) => ({ count: (found?.count ?? 0) + 1 }))).rejects.toMatchObject({
      code: "INVALID_ARGUMENT",
    });
    expect(node.store.effects.length).toBe(1);
  });
});

it("compares and steps in a transaction by their types", async () => {
  const counters = kv.namespace("c/").typed({ value: Counter });
  const { revision } = await counters.put("a", { count: 1 });
  const done = await counters.transaction({
    if: [counters.compare("a").modRevision.equals(revision)],
    do: [counters.step.get("a"), counters.step.put("b", { count: 2 }), counters.step.delete("a")],
    else: [counters.step.range({ prefix: "a" })],
  });
  if (!done.succeeded) throw new Error("it was as it had been");
  const [found, put, deleted] = done.results;
  expectTypeOf(found).toEqualTypeOf<TypedEntry<{ count: number }> | undefined>();
  expect([found?.key, found?.value.count, put.revision, deleted.deleted]).toEqual(["a", 1, 2, true]);
  expect(node.store.effects.slice(1)).toEqual(['put c/b={"count":2}', "delete c/a"]);
  expect(() => counters.step.put("a", { count: 4 })).toThrow(expect.objectContaining({ code: "INVALID_ARGUMENT" }));
});
