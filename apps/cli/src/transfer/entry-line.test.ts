import { describe, expect, it } from "vitest";
import { entryOfLine, entryToLine } from "./entry-line.ts";

describe("a line of an export", () => {
  it.each([
    ["text", Buffer.from("key"), Buffer.from('a "quoted"\nvalue, é, 😀')],
    ["bytes that are no UTF-8", Uint8Array.of(0xff, 0), Uint8Array.of(0xc3, 0x28)],
    ["a byte order mark, and nothing", Buffer.from("\ufeffkey"), new Uint8Array(0)],
  ])("holds %s, and gives back the same bytes", (_, keyBytes, value) => {
    const line = entryToLine({ keyBytes, value });
    expect(line.indexOf("\n")).toBe(line.length - 1);
    const entry = entryOfLine(line);
    expect([Buffer.from(entry.key), Buffer.from(entry.value)]).toEqual([Buffer.from(keyBytes), Buffer.from(value)]);
  });

  it("is text where text will do", () => {
    expect(entryToLine({ keyBytes: Buffer.from("k"), value: Uint8Array.of(0xff) })).toBe(
      '{"key":"k","valueBase64":"/w=="}\n',
    );
    expect(Buffer.from(entryOfLine('{"key":"k","value":"v","modRevision":7}').value).toString()).toBe("v");
  });

  it("says how long the key has to live, where it has not for ever", () => {
    const line = entryToLine({ keyBytes: Buffer.from("k"), value: Buffer.from("v") }, 1_500);
    expect(line).toBe('{"key":"k","value":"v","ttlMs":1500}\n');
    expect([entryOfLine(line).ttlMs, entryOfLine('{"key":"k","value":"v"}').ttlMs]).toEqual([1_500, undefined]);
  });

  it.each([
    ['{"key":"k","value":"v","ttlMs":"1s"}', "ttlMs is no whole number of milliseconds"],
    ["{", "it is no JSON"],
    ["[]", "expected an object"],
    ['{"key":"k"}', "expected either value or valueBase64"],
    ['{"key":"k","keyBase64":"aw==","value":""}', "expected either key or keyBase64"],
    ['{"key":"","value":""}', "the key is empty"],
    ['{"key":1,"value":""}', "key is no text"],
    ['{"key":"\\ud800","value":""}', "key is no text"],
    ['{"key":"k","valueBase64":"a"}', "valueBase64 is no base64"],
  ])("%s is refused: %s", (line, message) => {
    expect(() => entryOfLine(line)).toThrow(message);
  });
});
