import { array, assert, constantFrom, oneof, property, uint8Array } from "fast-check";
import { describe, expect, it } from "vitest";
import { prefixEnd } from "../bytes.ts";
import { KeySpace } from "./key-space.ts";

/** Few different bytes, so that prefixes and keys meet: the ends of the byte, and what follows a text. */
const byte = constantFrom(0x00, 0x01, 0x61, 0x62, 0xfe, 0xff);
const bytes = (minLength: number) =>
  oneof(
    array(byte, { minLength, maxLength: 5 }).map((some) => Uint8Array.from(some)),
    uint8Array({ minLength, maxLength: 5 }),
  );
const prefix = bytes(1);
const key = bytes(1);
const bound = bytes(0);

/** As the store reads bounds: an empty end is no bound. */
function isBetween(from: Uint8Array, found: Uint8Array, to: Uint8Array): boolean {
  return Buffer.compare(found, from) >= 0 && (to.length === 0 || Buffer.compare(found, to) < 0);
}

describe("a key space", () => {
  it("gives each key back, in the same order", () => {
    assert(
      property(prefix, key, key, (before, a, b) => {
        const keys = KeySpace.of(before);
        expect(keys.fromStored(keys.toStored(a))).toEqual(a);
        expect(Buffer.compare(keys.toStored(a), keys.toStored(b))).toBe(Buffer.compare(a, b));
      }),
    );
  });

  it("has exactly its own keys between the bounds of a range without any", () => {
    assert(
      property(prefix, bound, (before, rest) => {
        const keys = KeySpace.of(before);
        const none = new Uint8Array();
        for (const stored of [rest, keys.toStored(rest), prefixEnd(before)]) {
          expect(isBetween(keys.toStoredFrom(none), stored, keys.toStoredTo(none))).toBe(keys.has(stored));
        }
      }),
    );
  });

  it("has nothing else between the bounds of any range, and there what lies between them without the prefix", () => {
    assert(
      property(prefix, bound, bound, bound, (before, from, to, rest) => {
        const keys = KeySpace.of(before);
        for (const stored of [rest, keys.toStored(rest), prefixEnd(before)]) {
          const within = isBetween(keys.toStoredFrom(from), stored, keys.toStoredTo(to));
          expect(within).toBe(keys.has(stored) && isBetween(from, keys.fromStored(stored), to));
        }
      }),
    );
  });

  it("in another one is the key space of both prefixes", () => {
    assert(
      property(prefix, prefix, bound, bound, (outer, inner, from, to) => {
        const [outside, inside] = [KeySpace.of(outer), KeySpace.of(inner)];
        const both = KeySpace.of(outside.toStored(inner));
        expect(outside.toStoredFrom(inside.toStoredFrom(from))).toEqual(both.toStoredFrom(from));
        expect(outside.toStoredTo(inside.toStoredTo(to))).toEqual(both.toStoredTo(to));
      }),
    );
  });

  it("reaches to the last key of all where its prefix is nothing but 0xff", () => {
    const keys = KeySpace.of(Uint8Array.of(0xff, 0xff));
    expect(keys.toStoredTo(new Uint8Array())).toEqual(new Uint8Array());
    expect(KeySpace.of(Uint8Array.of(0x61, 0xff)).toStoredTo(new Uint8Array())).toEqual(Uint8Array.of(0x62));
  });

  it("takes no key that is not its own for one", () => {
    const keys = KeySpace.of("app/");
    for (const foreign of ["app/", "app", "apq/a", ""]) {
      expect(() => keys.fromStored(Buffer.from(foreign))).toThrow(expect.objectContaining({ code: "INTERNAL" }));
    }
  });

  it("needs a prefix, of bytes or well-formed text", () => {
    const refused = expect.objectContaining({ code: "INVALID_ARGUMENT" });
    expect(() => KeySpace.of("")).toThrow(refused);
    expect(() => KeySpace.of("\ud800")).toThrow(refused);
  });
});
