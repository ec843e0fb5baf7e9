import type { StandardSchemaV1 } from "@standard-schema/spec";
import { afterEach, beforeEach, describe, expect, expectTypeOf, it } from "vitest";
import { iso, literal, number, object, string } from "zod";
import { RaftKv } from "../raft-kv.ts";
import { ScriptedNode } from "../testing/scripted-node.ts";
import { event } from "../testing/scripted-watches.ts";
import { json } from "./json.ts";
import { integerPart, textPart } from "./key-part.ts";
import { templateKey } from "./template-key.ts";
import { tupleKey } from "./tuple-key.ts";
import type { TypedEntry } from "./typed-entry.ts";
import type { TypedNamespace } from "./typed-namespace.ts";
import type { ValueCodec } from "./value-codec.ts";

const Limits = object({ requests: number().int().positive(), burst: number().default(10) });

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

async function all<T>(items: AsyncIterable<T>): Promise<readonly T[]> {
  const found: T[] = [];
  for await (const item of items) found.push(item);
  return found;
}

describe("values by a schema", () => {
  it("are stored as JSON, and read as the schema makes them", async () => {
    const limits = kv.namespace("limits/").typed({ value: Limits });
    await limits.put("api", { requests: 5 });
    expect(node.store.effects).toEqual(['put limits/api={"requests":5}']);
    const found = await limits.get("api");
    expect(found?.value).toEqual({ requests: 5, burst: 10 });
    expect([found?.key, found?.version, found?.modRevision]).toEqual(["api", 1, 1]);
    expect(await limits.get("none")).toBeUndefined();
    expect(await limits.delete("api")).toEqual({ revision: 2, deleted: true });
  });

  it("may be transformed: what was written can be read", async () => {
    const Event = object({ at: iso.datetime().transform((text) => new Date(text)) });
    const seen = kv.typed({ value: Event });
    await seen.put("a", { at: "2026-01-02T03:04:05Z" });
    expect((await seen.get("a"))?.value.at.getUTCFullYear()).toBe(2026);
    expectTypeOf(seen).toEqualTypeOf<TypedNamespace<{ at: Date }, { at: string }>>();
  });

  it("are refused before anything is sent, with the issues of the schema", async () => {
    const limits = kv.typed({ value: Limits });
    const refused = limits.put("api", JSON.parse('{"requests":-1,"burst":"x"}'));
    await expect(refused).rejects.toMatchObject({
      code: "INVALID_ARGUMENT",
      message: expect.stringMatching(/^the value of "api" cannot be stored: requests: .+; burst: /),
    });
    expect(node.received.length).toBe(0);
  });

  it("are refused where JSON would make something else of them", async () => {
    const Loose: StandardSchemaV1<Date, Date> = {
      "~standard": {
        version: 1,
        vendor: "test",
        validate: (value) => (value instanceof Date ? { value } : { issues: [{ message: "no date" }] }),
      },
    };
    await expect(kv.typed({ value: Loose }).put("a", new Date(0))).rejects.toMatchObject({
      code: "INVALID_ARGUMENT",
      message: 'the value of "a" cannot be stored: no date',
    });
    await expect(kv.json<unknown>().put("a", undefined)).rejects.toThrow("JSON cannot hold a value of type undefined");
    await expect(kv.json<unknown>().put("a", 1n)).rejects.toMatchObject({ code: "INVALID_ARGUMENT" });
    expect(node.received.length).toBe(0);
  });

  it("are checked at once, or not at all, as writes keep their order", async () => {
    const later = string().refine(async () => false);
    const slow = kv.typed({
      value: { "~standard": { version: 1, vendor: "test", validate: (v) => later["~standard"].validate(v) } },
    });
    await expect(slow.put("a", "x")).rejects.toMatchObject({
      code: "INVALID_ARGUMENT",
      message: expect.stringContaining("checks asynchronously"),
    });
    const limits = kv.typed({ value: Limits });
    await Promise.all([limits.put("a", { requests: 1 }), kv.put("b", "2"), limits.put("c", { requests: 3 })]);
    expect(node.store.effects.map((effect) => effect.slice(0, 5))).toEqual(["put a", "put b", "put c"]);
  });

  it("name the key where what is stored does not fit, and hide no others", async () => {
    await kv.put("limits/a", '{"requests":1}');
    await kv.put("limits/b", "not JSON");
    await kv.put("limits/c", '{"requests":0}');
    const limits = kv.namespace("limits/").typed({ value: Limits });
    await expect(limits.get("b")).rejects.toMatchObject({
      code: "INVALID_VALUE",
      message: expect.stringMatching(/^the value of "b" is not of the type that is expected: /),
    });
    await expect(limits.get("c")).rejects.toThrow("requests: ");
    const [a, b, c] = await all(limits.range());
    expect([a?.value.requests, b?.key, c?.key]).toEqual([1, "b", "c"]);
    expect(() => b?.value).toThrow(expect.objectContaining({ code: "INVALID_VALUE" }));
  });

  it("tells five issues, and how many more there are", async () => {
    const issues = Array.from({ length: 7 }, (_, index) => ({ message: "bad", path: ["list", { key: index }] }));
    const broken = kv.typed({ value: { "~standard": { version: 1, vendor: "test", validate: () => ({ issues }) } } });
    const message = expect.stringMatching(/: list\.0: bad; .*list\.4: bad; and 2 more$/);
    await expect(broken.put("a", 1)).rejects.toMatchObject({ message });
  });
});

describe("values and keys by codecs", () => {
  const numbers: ValueCodec<number> = {
    encode: (value) => String(value),
    decode: (bytes) => Number(new TextDecoder().decode(bytes)),
  };

  it("are what the codecs make of them", async () => {
    const scores = kv.typed({ key: tupleKey(textPart, integerPart), value: numbers });
    for (const [name, at] of [
      ["b", 1],
      ["a", 10],
      ["a", -2],
      ["aa", 0],
    ] as const)
      await scores.put([name, at], at * 2);
    const found = await all(scores.range());
    expect(found.map(({ key }) => key)).toEqual([
      ["a", -2],
      ["a", 10],
      ["aa", 0],
      ["b", 1],
    ]);
    expect(found.map(({ value }) => value)).toEqual([-4, 20, 0, 2]);
    expect(await all(scores.keys({ prefix: ["a"] }))).toEqual([
      ["a", -2],
      ["a", 10],
    ]);
    expect(await all(scores.keys({ from: ["a", 0], to: ["b", 0] }))).toEqual([
      ["a", 10],
      ["aa", 0],
    ]);
    expectTypeOf(scores.get).returns.resolves.toEqualTypeOf<
      TypedEntry<number, readonly [string, number]> | undefined
    >();
  });

  it("fail with the key's name where the key itself does not fit", async () => {
    await kv.put("users/ada", "1");
    await kv.put("people/x", "2");
    const users = kv.typed({ key: templateKey("users/{user}"), value: numbers });
    expect(await all(users.keys({ prefix: {} }))).toEqual([{ user: "ada" }]);
    await expect(all(users.keys())).rejects.toMatchObject({
      code: "INVALID_KEY",
      message: expect.stringMatching(
        /^the key "people\/x" is not of the type that is expected: expected users\/\{user\}$/,
      ),
    });
    await expect(users.put({ user: "" }, 1)).rejects.toMatchObject({ code: "INVALID_ARGUMENT" });
  });

  it("have ranges without prefixes where the codec has none", () => {
    const plain = kv.typed({
      key: { encode: (key: number) => String(key), decode: (bytes: Uint8Array) => bytes.length },
      value: numbers,
    });
    type Options = NonNullable<Parameters<typeof plain.range>[0]>;
    expectTypeOf<Options["prefix"]>().toEqualTypeOf<undefined>();
    expect(() => plain.range(JSON.parse('{"prefix":1}'))).toThrow("name from and to");
  });

  it("have to be codecs", () => {
    for (const value of [undefined, 1, {}, { encode: String }]) {
      const types = JSON.parse(JSON.stringify({ value })) as { value: ValueCodec<number> };
      expect(() => kv.typed(types)).toThrow(expect.objectContaining({ code: "INVALID_ARGUMENT" }));
    }
  });
});

describe("a typed watch", () => {
  it("tells changes, and what was before, by their types", async () => {
    const limits = kv.namespace("l/").typed({ value: Limits });
    using watch = limits.watch({ prefix: "a" }, { previous: true });
    await node.until(() => node.watches.streams[0]?.creates.length === 1);
    const [stream] = node.watches.streams;
    stream?.created(1n, 4);
    stream?.events(1n, 6, event('5 l/ab={"requests":2}', '{"requests":1}'), event("6 l/ac deleted"));
    expect(await watch.started()).toBe(4);
    const events = watch[Symbol.asyncIterator]();
    const first = await events.next();
    if (first.done || first.value.kind !== "put") throw new Error("expected a put");
    expect(first.value.entry.value.requests).toBe(2);
    expect(first.value.previous?.value.requests).toBe(1);
    expect([first.value.key, first.value.revision]).toEqual(["ab", 5]);
    expect((await events.next()).value).toMatchObject({ kind: "delete", key: "ac", entry: undefined });
    await events.return();
  });

  it("is of one key, or of what one key has, revision by revision", async () => {
    const watch = kv.json<number>().watch({ key: "k" });
    await node.until(() => node.watches.streams[0]?.creates.length === 1);
    const [stream] = node.watches.streams;
    expect(Buffer.from(stream?.creates[0]?.to ?? []).toString()).toBe("k\0");
    stream?.created(1n, 4);
    stream?.events(1n, 5, event("5 k=7"));
    const { value } = await watch.batches().next();
    expect(value).toMatchObject({ revision: 5, events: [{ kind: "put" }] });
    watch.close();
  });

  it("follows what is there", async () => {
    node.store.pictureRevision = 3n;
    await kv.put("k", "1");
    const observed = kv.json<number>().observe()[Symbol.asyncIterator]();
    const first = await observed.next();
    expect(first.value).toMatchObject({ kind: "present", entry: { key: "k", value: 1 } });
    const listed = observed.next();
    expect((await listed).value).toEqual({ kind: "listed", revision: 3 });
    const change = observed.next();
    await node.until(() => node.watches.streams[0]?.creates.length === 1);
    node.watches.streams[0]?.created(1n, 3);
    node.watches.streams[0]?.events(1n, 4, event("4 k=2"));
    expect((await change).value).toMatchObject({ kind: "put", entry: { value: 2 } });
  });
});

it("infers types from schemas, and knows the two ways of JSON", () => {
  const flags = kv.typed({ value: object({ on: literal(true) }) });
  expectTypeOf(flags).toEqualTypeOf<TypedNamespace<{ on: true }>>();
  expectTypeOf(kv.json<{ a: 1 }>()).toEqualTypeOf(kv.typed({ value: json<{ a: 1 }>() }));
  expectTypeOf(flags.put).parameter(1).toEqualTypeOf<{ on: true } | undefined>();
  expectTypeOf(flags.put).toBeCallableWith("a", undefined, { keepValue: true, ttlMs: 1_000 });
  expectTypeOf(flags.get).parameter(0).toEqualTypeOf<string>();
});
