import { key, step } from "@raftkv/kv-client";
import { describe, expect, test } from "vitest";
import { parseTransaction } from "./parse-transaction.ts";
import { words } from "./words.ts";

const wires = (parts: readonly unknown[] = []) => parts.map((part) => (part as { readonly wire: unknown }).wire);

describe("a transaction as text", () => {
  test("has comparisons, what is done where they hold, and what is done otherwise", () => {
    const { spec, fence } = parseTransaction(`# a comment
fence "job/1f" 17
value("a key") = "text"
mod("b") > "4"
create(c) = 0
version('d') != 2
lease("e") < 7

put "a key" 'other text' --prev-kv
get b
del --prefix users/ --previous

put d --keep-value --ttl 1m
put e 5 --ignore-lease
range --from a --to c --limit 5 --sort modRevision --desc
get users/ --prefix --count-only
del c

`);
    expect(fence).toEqual({ key: "job/1f", token: 17 });
    expect(wires(spec.if)).toEqual(
      wires([
        key("a key").value.equals("text"),
        key("b").modRevision.greaterThan(4),
        key("c").createRevision.equals(0),
        key("d").version.notEquals(2),
        key("e").leaseId.lessThan(7),
      ]),
    );
    expect(wires(spec.do)).toEqual(
      wires([
        step.put("a key", "other text", { previous: true }),
        step.get("b"),
        step.deleteRange({ prefix: "users/" }, { previous: true }),
      ]),
    );
    expect(wires(spec.else)).toEqual(
      wires([
        step.put("d", undefined, { keepValue: true, ttlMs: 60_000 }),
        step.put("e", "5", { keepLease: true }),
        step.range({ from: "a", to: "c", limit: 5, sortBy: "modRevision", descending: true }),
        step.count({ prefix: "users/" }),
        step.delete("c"),
      ]),
    );
  });

  test("may have empty parts", () => {
    expect(parseTransaction("\n\n\n")).toEqual({ spec: { if: [], do: [], else: [] }, fence: undefined });
    expect(parseTransaction("\nput a 1").spec).toMatchObject({ if: [], else: [] });
  });

  test.each([
    ["mod(a) >= 4", 'line 1: expected a comparison, such as value("key") = "text"'],
    ["size(a) = 4", "line 1: size cannot be compared"],
    ["mod(a) = four", "line 1: four is no whole number"],
    ['mod("") = 4', "line 1: the key is empty"],
    ["\npush a 1", "line 2: expected put, get, range or del"],
    ["\nput a", "line 2: expected put KEY VALUE"],
    ["\nget a --limit many --prefix", "line 2: --limit is many"],
    ["\nget a --sideways", "line 2: Unknown option"],
    ["\nput a 1 --count", "line 2: put has no option --count"],
    ['\nput "a 1', "line 2: a quote is not closed"],
    ["\nrange --all --sort size", "line 2: sortBy is"],
    ["\nrange a", "line 2: expected KEY --prefix"],
    ["\nrange --prefix --all", "line 2: expected KEY --prefix"],
    ["\ndel '' --prefix", "line 2: that would delete every key: if it is meant, say --all"],
    ["\nput a --lease 7", "line 2: expected put KEY VALUE"],
    ["\nput a 1 --keep-value", "line 2: expected put KEY VALUE"],
    ["\nput a 1 --lease x", "line 2: --lease is x: Expected the id of a lease"],
    ["fence a", "line 1: expected fence KEY TOKEN"],
    ["fence a 1\nfence b 2", "line 2: a transaction has one fence at most"],
    ["\n\n\nput a 1", "line 4 stands after the three parts"],
  ])("says what is wrong, and in which line: %j", (text, message) => {
    expect(() => parseTransaction(text)).toThrow(message);
  });

  test("has words as a shell has them", () => {
    expect(words(String.raw` put  "a\n\"b\"" 'c\n d'e  f"" `)).toEqual(["put", 'a\n"b"', String.raw`c\n de`, "f"]);
    expect(words(`put a ""`)).toEqual(["put", "a", ""]);
  });
});
