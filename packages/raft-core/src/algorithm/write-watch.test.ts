import { expect, it } from "vitest";
import { WriteWatch } from "./write-watch.ts";

it("tells how long the oldest write that is not durable has been under way", () => {
  const writes = new WriteWatch(100);
  writes.tick(1_000);
  expect(writes.oldestMs).toBe(0);
  writes.handedOut(1);
  writes.handedOut(2);
  writes.tick(60);
  writes.handedOut(3);
  writes.tick(60);
  expect(writes.oldestMs).toBe(120);
  expect(writes.isStalled).toBe(true);
  writes.persisted(1);
  expect(writes.oldestMs).toBe(120);
  writes.persisted(2);
  expect(writes.oldestMs).toBe(60);
  expect(writes.isStalled).toBe(false);
  writes.persisted(3);
  expect(writes.oldestMs).toBe(0);
});
