import { describe, expect, it } from "vitest";
import { EffectsBuffer, type TurnResult } from "./effects-buffer.ts";
import { freshBase, testMember } from "./harness/settings.ts";

const nothing: TurnResult = { persist: undefined, commit: undefined, role: undefined, peers: undefined };

it("messages go on waiting for a later batch than the one that is durable", () => {
  const effects = new EffectsBuffer();
  const message = { kind: "timeoutNowRequest", term: 1 } as const;
  for (const after of [1, 2]) effects.send({ to: 2, message, after });
  effects.send({ to: 3, message });
  effects.persisted(1);
  const taken = effects.take(nothing);
  expect(taken?.send).toEqual([
    { to: 2, message },
    { to: 2, message, after: 2 },
    { to: 3, message },
  ]);
});

describe("whatever there is to do, be it that alone, is told once:", () => {
  it.each<[string, Partial<TurnResult>]>([
    ["a write", { persist: { id: 1, append: [] } }],
    ["what is committed", { commit: 1 }],
    ["a change of role", { role: { role: "leader", term: 1, leader: 1 } }],
    ["whom to reach", { peers: [testMember(2)] }],
  ])("%s", (_, result) => {
    expect(new EffectsBuffer().take({ ...nothing, ...result })).toMatchObject(result);
  });

  it.each<[string, (effects: EffectsBuffer) => void]>([
    ["a message", (effects) => effects.send({ to: 2, message: { kind: "timeoutNowRequest", term: 1 } })],
    ["a read of the log", (effects) => effects.readEntries({ peer: 2, term: 1, from: 1, to: 1, maxBytes: 1 })],
    ["a snapshot to send", (effects) => effects.sendSnapshot({ to: 2, term: 1, leader: 1, atLeast: 1 })],
    ["a snapshot to restore", (effects) => effects.restoreSnapshot(freshBase([1]))],
    ["a read's outcome", (effects) => effects.read({ kind: "dropped", id: 1 })],
    ["a proposal's outcome", (effects) => effects.outcome({ kind: "dropped", id: 1, reason: "overloaded", leader: 1 })],
    ["a transfer's outcome", (effects) => effects.transfer({ kind: "done", id: 1, leader: 2 })],
    ["a notice", (effects) => effects.notice({ kind: "handingOver", to: 2, cause: "priority" })],
  ])("%s", (_, gather) => {
    const effects = new EffectsBuffer();
    gather(effects);
    expect(effects.take(nothing)).toBeDefined();
    expect(effects.take(nothing)).toBeUndefined();
  });
});
