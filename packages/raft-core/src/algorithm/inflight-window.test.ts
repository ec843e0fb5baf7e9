import { describe, expect, it } from "vitest";
import { InflightWindow } from "./inflight-window.ts";

describe("what one follower has not answered", () => {
  it("is bounded in messages, of which an answer frees those that it covers", () => {
    const window = new InflightWindow(3, 1_000);
    for (const last of [1, 2, 3]) window.add(last, 1);
    window.free(2);
    window.add(4, 1);
    expect(window.isFull).toBe(false);
    window.add(5, 1);
    expect(window.isFull).toBe(true);
  });

  it("is bounded in bytes, which an answer gives back", () => {
    const window = new InflightWindow(100, 100);
    window.add(1, 60);
    expect(window.isFull).toBe(false);
    window.add(2, 40);
    expect(window.isFull).toBe(true);
    window.free(1);
    window.add(3, 59);
    expect(window.isFull).toBe(false);
    window.add(4, 1);
    expect(window.isFull).toBe(true);
  });
});
