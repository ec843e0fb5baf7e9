import { expect, it } from "vitest";
import { consensusLog } from "./consensus-log.ts";
import type { NodeLog } from "./node-log.ts";

it("names the events of consensus, puts the facts into words, and leaves out what the node says itself", () => {
  const lines: unknown[] = [];
  const take = (message: string, fields?: object): void => void lines.push([message, fields]);
  const log: NodeLog = { debug: take, info: take, warn: take, error: take, fatal: take };
  const consensus = consensusLog(log);
  consensus.info("compacted the log", { through: 90, durable: 100 });
  consensus.info("role changed", { term: 3 });
  consensus.warn("something new");
  expect(lines).toEqual([
    ["compacted the log (through 90, durable 100)", { event: "compacted", through: 90, durable: 100 }],
    ["something new", undefined],
  ]);
});
