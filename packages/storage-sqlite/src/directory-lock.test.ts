import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { Child } from "./testing/child.ts";
import { Scratch } from "./testing/scratch.ts";

// Each storage starts two threads, which takes a while on a busy machine.
vi.setConfig({ testTimeout: 60_000 });

let scratch: Scratch;
beforeEach(async () => {
  scratch = await Scratch.make();
});
afterEach(() => scratch.remove());

it("lets one process open a directory once", async () => {
  const { raft, state } = await scratch.open();
  const refusal = { code: "locked", message: expect.stringContaining(`this process (${process.pid}) already`) };
  await expect(scratch.open()).rejects.toMatchObject(refusal);
  await raft.close();
  await expect(scratch.open(), "the state is still open").rejects.toMatchObject(refusal);
  await state.close();
  await expect(scratch.open()).resolves.toBeDefined();
});

it("keeps another process out, names it, and lets go when it is killed", async () => {
  const holder = new Child("hold.ts", [scratch.dataDir]);
  try {
    expect(await holder.line()).toBe("open");
    await expect(scratch.open()).rejects.toMatchObject({
      code: "locked",
      message: expect.stringContaining(`in use by process ${holder.pid}`),
    });
  } finally {
    await holder.kill();
  }
  const { raft } = await scratch.open();
  expect(raft.identity()).toMatchObject({ memberId: "member-of-the-holder", incarnation: 2 });
});
