import { describe, expect, it } from "vitest";
import { entryJson, entryLine } from "./entry-format.ts";

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const revisions = { createRevision: 1, modRevision: 2, version: 2 };

describe("a key with its value", () => {
  it("is a line of its bytes", () => {
    const entry = { keyBytes: bytes("ключ"), value: Uint8Array.of(0xff, 0x00), ...revisions };
    expect(entryLine(entry, { keysOnly: false })).toEqual(Buffer.concat([bytes("ключ\t"), Uint8Array.of(0xff, 0, 10)]));
    expect(entryLine(entry, { keysOnly: true })).toEqual(Buffer.from("ключ\n"));
  });

  it.each([
    [bytes("a"), bytes('say "hi"\n'), '"key":"a","value":"say \\"hi\\"\\n"'],
    [bytes("a"), bytes("\ufeffbom"), '"key":"a","value":"\ufeffbom"'],
    [bytes("a"), new Uint8Array(), '"key":"a","value":""'],
    [bytes("a"), Uint8Array.of(0xff), '"key":"a","valueBase64":"/w=="'],
    [Uint8Array.of(0xc3), bytes("b"), '"keyBase64":"ww==","value":"b"'],
  ])("is an object, with base64 where it is not text (%#)", (keyBytes, value, expected) => {
    const json = entryJson({ keyBytes, value, ...revisions }, { keysOnly: false });
    expect(json).toBe(`{${expected},"createRevision":1,"modRevision":2,"version":2}`);
  });

  it("is an object without a value where only keys are wanted", () => {
    const json = entryJson({ keyBytes: bytes("a"), value: new Uint8Array(), ...revisions }, { keysOnly: true });
    expect(json).toBe('{"key":"a","createRevision":1,"modRevision":2,"version":2}');
  });
});
