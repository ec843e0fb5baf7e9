import { expect, it } from "vitest";
import { formatBytes } from "./format-bytes.ts";

it.each([
  [0, "0 B"],
  [1023, "1023 B"],
  [1024, "1.0 KiB"],
  [10 * 1024, "10 KiB"],
  [1024 ** 2 * 2.25, "2.3 MiB"],
  [1024 ** 6, "1048576 TiB"],
])("shows %i bytes as %s", (bytes, text) => {
  expect(formatBytes(bytes)).toBe(text);
});
