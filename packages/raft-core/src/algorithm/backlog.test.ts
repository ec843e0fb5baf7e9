import { expect, it } from "vitest";
import { Backlog } from "./backlog.ts";

it("a backlog takes what fills it exactly, and not a byte more", () => {
  const backlog = new Backlog(1, 100);
  backlog.add(60);
  expect([backlog.hasRoomFor(40), backlog.hasRoomFor(41)]).toEqual([true, false]);
});
