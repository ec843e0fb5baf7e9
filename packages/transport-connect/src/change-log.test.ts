import { expect, it } from "vitest";
import { ChangeLog } from "./change-log.ts";

it("is news the first time, when it changes, and after it was forgotten", () => {
  const log = new ChangeLog();
  expect(["a", "a", "b", "a"].map((state) => log.isNews("node", state))).toEqual([true, false, true, true]);
  log.forget("node");
  expect(log.isNews("node", "a")).toBe(true);
});

it("remembers a bounded number of keys, the newest", () => {
  const log = new ChangeLog();
  for (let key = 0; key <= 256; key += 1) log.isNews(String(key), "x");
  expect(log.isNews("256", "x")).toBe(false);
  expect(log.isNews("0", "x")).toBe(true);
});
