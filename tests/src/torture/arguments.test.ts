import { describe, expect, it } from "vitest";
import { commandLine, parseTortureArguments } from "./arguments.ts";

const parse = (...args: readonly string[]) => parseTortureArguments(args, "/somewhere");

describe("the command line of torture", () => {
  it("has a default for everything", () => {
    expect(parse()).toMatchObject({ budgetMs: 60_000, seed: 1, nodes: 3, report: "/somewhere/torture-report.html" });
    expect(parse("--help")).toBeUndefined();
  });

  it("takes faults in any order, each once", () => {
    expect(parse("--faults", "pause, kill,pause")?.faults).toEqual(["kill", "pause"]);
  });

  it.each([
    [["--budget", "0"], "--budget: found 0, expected a whole number from 1 to 86400"],
    [["--seed", "x"], "--seed: found x, expected a whole number from 0 to 4294967295"],
    [["--faults", "kill,rain"], "--faults: found rain, expected some of kill, pause, partition"],
    [["--nodes", "2"], "--nodes: found 2, expected a whole number from 3 to 7"],
  ])("refuses %j", (args, message) => {
    expect(() => parse(...args)).toThrow(message);
  });

  it("gives the command that does the same again", () => {
    const options = parse("--budget", "5", "--seed", "9", "--clients", "2", "--rounds", "3", "--kill-cycles", "10");
    const command = options && commandLine(options, options.faults);
    const again = parse(...(command?.split(" torture ")[1]?.split(" ") ?? []));
    expect(again).toEqual(options);
  });
});
