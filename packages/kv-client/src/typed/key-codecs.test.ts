import { array, assert, constantFrom, maxSafeInteger, oneof, property, string, tuple } from "fast-check";
import { describe, expect, expectTypeOf, it } from "vitest";
import { integerPart, textPart } from "./key-part.ts";
import { templateKey } from "./template-key.ts";
import { tupleKey } from "./tuple-key.ts";

/** Text that is near to other text, with the bytes that part codecs treat as their own. */
const text = oneof(
  array(constantFrom("\0", "\u0001", "\u0002", "a", "b", "/", "%", "%2F", "é", "\u{1f600}")).map((parts) =>
    parts.join(""),
  ),
  string({ unit: "binary" }).map((some) => some.toWellFormed()),
);
const keys = tupleKey(textPart, integerPart, textPart);
const key = tuple(text, maxSafeInteger(), text);

function bytesOf(encoded: string | Uint8Array): Uint8Array {
  return typeof encoded === "string" ? new TextEncoder().encode(encoded) : encoded;
}

function compareTexts(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}

describe("keys of several parts", () => {
  it("come back as they were", () => {
    assert(property(key, (some) => void expect(keys.decode(bytesOf(keys.encode(some)))).toEqual(some)));
  });

  it("are stored in the order of their parts", () => {
    assert(
      property(key, key, (a, b) => {
        const expected = compareTexts(a[0], b[0]) || Math.sign(a[1] - b[1]) || compareTexts(a[2], b[2]);
        expect(Buffer.compare(bytesOf(keys.encode(a)), bytesOf(keys.encode(b)))).toBe(expected);
      }),
    );
  });

  it("begin with a prefix of whole parts exactly where they have those parts", () => {
    assert(
      property(key, text, ([name, ...rest], other) => {
        const prefix = Buffer.from(keys.encodePrefix?.([other]) ?? "");
        const stored = Buffer.from(keys.encode([name, ...rest]));
        expect(stored.subarray(0, prefix.length).equals(prefix)).toBe(name === other);
      }),
    );
  });

  it("are not made of what is no such key", () => {
    const stored = bytesOf(keys.encode(["a", 1, "b"]));
    const cut = stored.subarray(0, -1);
    for (const other of [new Uint8Array(), cut, Uint8Array.of(...stored, 0), Uint8Array.of(0x01, 0x05, 0)]) {
      expect(() => keys.decode(other)).toThrow();
    }
    expect(() => integerPart.decode(new Uint8Array(8), 0)).toThrow("beyond what a number can hold");
    expect(() => keys.encode(["a", 0.5, "b"])).toThrow("an integer of the key is 0.5");
  });

  it("have the types of their parts", () => {
    expectTypeOf(keys.decode).returns.toEqualTypeOf<readonly [string, number, string]>();
  });
});

describe("keys by a template", () => {
  const posts = templateKey("users/{user}/posts/{post}");

  it("can be read, and come back as they were", () => {
    expect(posts.encode({ user: "a/b", post: "100%" })).toBe("users/a%2Fb/posts/100%25");
    assert(
      property(text, text, (user, post) => {
        if (user === "" || post === "") return;
        expect(posts.decode(bytesOf(posts.encode({ user, post })))).toEqual({ user, post });
      }),
    );
  });

  it("begin with their first parameters", () => {
    expect(posts.encodePrefix?.({})).toBe("users/");
    expect(posts.encodePrefix?.({ user: "a/b" })).toBe("users/a%2Fb/posts/");
    expect(templateKey("{id}").encodePrefix?.({})).toBe("");
    expect(() => posts.encodePrefix?.({ post: "1" })).toThrow("the prefix has post, but not user before it");
    expect(() => posts.encodePrefix?.({ user: "a", post: "1" })).toThrow("has all parameters");
  });

  it("are not made of what is no such key", () => {
    for (const other of [
      "users/a/posts",
      "users/a/posts/1/2",
      "people/a/posts/1",
      "users//posts/1",
      "users/%2f/posts/1",
    ]) {
      expect(() => posts.decode(bytesOf(other))).toThrow("expected");
    }
    expect(() => posts.encode({ user: "", post: "1" })).toThrow("user is empty");
    expect(() => posts.encode(JSON.parse("{}"))).toThrow("user is of type undefined");
  });

  it("need a template that makes sense", () => {
    for (const template of ["users", "users/a{id}", "{id}/{id}", "{}", "{a b}"]) {
      expect(() => templateKey(template)).toThrow(expect.objectContaining({ code: "INVALID_ARGUMENT" }));
    }
  });

  it("have the types of their parameters", () => {
    expectTypeOf(posts.decode).returns.toEqualTypeOf<{ readonly user: string; readonly post: string }>();
  });
});
