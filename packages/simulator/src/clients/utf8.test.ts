import { expect, it } from "vitest";
import { bytesOf, textOf } from "./utf8.ts";

it.each(["", "v12", "\0\x7f", "grün", "ab\u{1f984}", "é"])("encodes %j as UTF-8, and decodes it", (text) => {
  expect([...bytesOf(text)]).toEqual([...Buffer.from(text, "utf8")]);
  expect(textOf(bytesOf(text))).toBe(text);
});
