import { expect, it } from "vitest";
import { HeldProposals } from "./held-proposals.ts";

it("holds so many bytes, and so many proposals, in their order; and has room again when it has let go of them", () => {
  const held = new HeldProposals(100);
  const proposal = (id: number, bytes: number) => ({ id, payloads: [new Uint8Array(bytes), new Uint8Array(0)] });
  held.open();
  expect([held.add(proposal(1, 60)), held.add(proposal(2, 41)), held.add(proposal(3, 40))]).toEqual([
    true,
    false,
    true,
  ]);
  expect(held.close().map(({ id }) => id)).toEqual([1, 3]);
  expect([held.isOpen, held.close()]).toEqual([false, []]);
  held.open();
  let count = 0;
  while (held.add(proposal(count, 0))) count++;
  expect(count).toBe(16_384);
});

it("counts the time without a leader anew for each time that leadership is on its way", () => {
  const held = new HeldProposals(100);
  held.open();
  held.tick(70);
  held.open();
  expect(held.leaderlessMs).toBe(70);
  held.close();
  held.open();
  expect(held.leaderlessMs).toBe(0);
});
