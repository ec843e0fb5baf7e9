import { expect, it } from "vitest";
import { type Chance, chanceOf } from "../scheduler/chance.ts";
import { type CommandOperation, encodeAny, encodeCommand } from "./command.ts";

function drawOperation(chance: Chance): CommandOperation {
  const bytes = () => new Uint8Array(Math.floor(chance.spread(1, 300)) - 1).fill(chance.integer(0, 255));
  const key = bytes();
  const operations: readonly CommandOperation[] = [
    { case: "put", value: { key, value: bytes() } },
    { case: "put", value: { key } },
    { case: "delete", value: { key } },
    { case: "put", value: { key, leaseId: 7n } },
    { case: "delete", value: { key, withPrevious: true } },
    { case: "openSession", value: { ttlMs: 5_000n } },
  ];
  return chance.pick(operations) ?? { case: "skip", value: {} };
}

it("writes a batch as protobuf does, by hand or not", () => {
  const chance = chanceOf(1, "commands");
  const number = () => Math.floor(chance.spread(1, Number.MAX_SAFE_INTEGER)) - 1;
  for (let run = 0; run < 500; run++) {
    const command = {
      sessionId: number(),
      sequence: number(),
      acknowledgedThrough: number(),
      operations: Array.from({ length: chance.integer(0, 4) }, () => drawOperation(chance)),
    };
    expect(encodeCommand(command)).toEqual(encodeAny(command));
  }
});
