import { expect, it } from "vitest";
import { EffectsBuffer } from "./effects-buffer.ts";

it("messages go on waiting for a later batch than the one that is durable", () => {
  const effects = new EffectsBuffer();
  const message = { kind: "timeoutNowRequest", term: 1 } as const;
  for (const after of [1, 2]) effects.send({ to: 2, message, after });
  effects.send({ to: 3, message });
  effects.persisted(1);
  const taken = effects.take({ persist: undefined, commit: undefined, role: undefined, peers: undefined });
  expect(taken?.send).toEqual([
    { to: 2, message },
    { to: 2, message, after: 2 },
    { to: 3, message },
  ]);
});
