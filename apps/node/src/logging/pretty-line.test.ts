import { describe, expect, it } from "vitest";
import { prettyLine } from "./pretty-line.ts";

const time = new Date(2026, 0, 2, 3, 4, 5, 6).getTime();
const json = (fields: object): string => JSON.stringify({ time, level: "info", node: 1, msg: "hello", ...fields });

describe("a log line for people", () => {
  it("begins with the node, and is one line whatever the message holds", () => {
    const line = prettyLine(json({ event: "role", msg: "became leader\n  in term 3" }), false);
    expect(line).toBe("[node 1] 03:04:05.006 INFO  became leader in term 3\n");
  });

  it("is coloured on request, each node differently", () => {
    const [one, two] = [1, 2].map((node) => prettyLine(json({ node }), true));
    expect(one?.startsWith("\u001b[36m[node 1]\u001b[39m")).toBe(true);
    expect(two?.startsWith("\u001b[35m[node 2]\u001b[39m")).toBe(true);
  });

  it("shows a stack where there is one", () => {
    expect(prettyLine(json({ level: "fatal", stack: "Error: x\n  at y" }), false)).toBe(
      "[node 1] 03:04:05.006 FATAL hello\nError: x\n  at y\n",
    );
  });
});
