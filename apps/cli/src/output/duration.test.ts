import { describe, expect, it } from "vitest";
import { formatDuration, parseDuration } from "./duration.ts";

describe("durations", () => {
  it.each([
    ["500ms", 500],
    ["30s", 30_000],
    ["1.5s", 1_500],
    ["5m", 300_000],
    ["2h", 7_200_000],
    ["30d", 2_592_000_000],
  ])("reads %s", (text, milliseconds) => expect(parseDuration(text)).toBe(milliseconds));

  it.each(["", "30", "s", "-1s", "0s", "1.5ms", "1 week", "1e3s"])("refuses %j", (text) => {
    expect(() => parseDuration(text)).toThrow("Expected a duration such as 500ms, 30s");
  });

  it.each([
    [0, "0ms"],
    [999, "999ms"],
    [1_000, "1s"],
    [29_456, "29.5s"],
    [60_000, "1m"],
    [90_000, "90s"],
    [7_200_000, "2h"],
    [86_400_000, "1d"],
  ])("writes %i", (milliseconds, text) => expect(formatDuration(milliseconds)).toBe(text));
});
