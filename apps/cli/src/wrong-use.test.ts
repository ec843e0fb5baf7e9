import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { exitCodes } from "./exit-code.ts";
import { createProgram } from "./program.ts";
import { run } from "./run.ts";

let told = "";

beforeEach(() => {
  told = "";
  vi.spyOn(process.stderr, "write").mockImplementation((text) => {
    told += text;
    return true;
  });
});

afterEach(() => {
  vi.restoreAllMocks();
});

/** Nobody listens there: what is sent all the same fails with another code. */
const nobody = ["--endpoints", "127.0.0.1:1", "--timeout", "50"];

async function exitOf(line: string): Promise<number> {
  const args = line.split(" ").map((word) => (word === "''" ? "" : word));
  const program = createProgram("1.2.3", () => undefined);
  return run(program, [...nobody, ...args], (message) => {
    told += `raftkv: ${message}\n`;
  });
}

/** With each: what the message says to do, or what is expected. Nothing of it is sent. */
const wrong: Readonly<Record<string, readonly (readonly [line: string, message: string])[]>> = {
  raftkv: [
    ["frobnicate", "unknown command 'frobnicate'"],
    ["gett a", "Did you mean get?"],
    ["get a --bogus", "unknown option '--bogus'"],
    ["get a b", "too many arguments"],
    ["get a --timeout soon", "Expected milliseconds from 1 to 2147483647, or a duration such as 30s"],
    ["get a --timeout 0", "Expected milliseconds"],
    ["get a --endpoints here", "expected host:port"],
    ["get a --endpoints a:1,,b:1", "Expected host:port,host:port"],
    ["get a --output xml", "Allowed choices are simple, json"],
    ["get \ufffd", "is not valid UTF-8; a value of any bytes goes through standard input"],
  ],
  put: [
    ["put", "missing required argument 'key'"],
    ["put a", "name a value (- for that of standard input), or --keep-value"],
    ["put a 1 --keep-value", "a value and --keep-value exclude each other"],
    ["put '' 1", "the key is empty"],
    ["put a 1 --ttl 30", "Expected a duration from 100ms to 30d"],
    ["put a 1 --ttl 60d", "Expected a duration from 100ms to 30d"],
    ["put a 1 --ttl 30s --lease 7", "cannot be used with"],
    ["put a 1 --keep-lease --lease 7", "cannot be used with"],
    ["put a 1 --lease mine", "Expected the id of a lease"],
    ["put a 1 --fence 17", "Expected the key and the token of a lock, as KEY:TOKEN"],
    ["put a 1 --fence job/1f:0", "as KEY:TOKEN"],
    ["put a 1 --fence ''", "as KEY:TOKEN"],
  ],
  get: [
    ["get", "missing required argument 'key'"],
    ["get ''", "the key is empty"],
    ["get a --at-revision 0", "Expected a revision: a whole number from 1"],
    ["get a --min-revision -1", "Expected a whole number from 0"],
    ["get a --max-staleness long", "Expected a whole number from 0"],
    ["get a --consistency eventual", "Allowed choices are linearizable, lease, serializable"],
    [
      "get a --consistency linearizable --max-staleness 5",
      "--max-staleness does not go with --consistency linearizable",
    ],
  ],
  del: [
    ["del", "name a key, or keys with --prefix, --from and --to, or --all"],
    ["del a --prefix b", "four ways to name keys: choose one"],
    ["del --prefix a --to b", "choose one"],
    ["del a --all", "choose one"],
    ["del --prefix", "argument missing"],
    ["del --prefix ''", "that would delete every key: if it is meant, say --all"],
    ["del --from ''", "say --all"],
    ["del --all", "standard input is no terminal: add --yes"],
    ["del a --fence job", "as KEY:TOKEN"],
  ],
  range: [
    ["range a --prefix b", "choose one"],
    ["range --from a --all", "choose one"],
    ["range --limit 0", "Expected a whole number from 1"],
    ["range --sort size", "Allowed choices are key, version"],
    ["range --min-mod-revision x", "Expected a revision"],
    ["range --max-create-revision 0", "Expected a revision"],
  ],
  history: [
    ["history", "missing required argument 'key'"],
    ["history a --limit none", "Expected a whole number from 1"],
  ],
  compact: [
    ["compact", "missing required argument 'revision'"],
    ["compact now", "Expected a revision"],
  ],
  watch: [
    ["watch", "name a key, or keys with --prefix, --from and --to, or --all"],
    ["watch a --prefix b", "choose one"],
    ["watch a --only both", "Allowed choices are put, delete"],
    ["watch a --from-revision 0", "Expected a revision"],
  ],
  txn: [
    ["txn /no/such/file", "/no/such/file cannot be read"],
    ["txn --fence 7", "as KEY:TOKEN"],
  ],
  lease: [
    ["lease", "Usage: raftkv lease"],
    ["lease grant", "missing required argument 'ttl'"],
    ["lease grant 30", "Expected a duration"],
    ["lease grant 30s --id 0", "Expected the id of a lease"],
    ["lease keep-alive x", "Expected the id of a lease"],
    ["lease revoke", "missing required argument 'id'"],
    ["lease revoke x", "Expected the id of a lease"],
    ["lease time-left 0", "Expected the id of a lease"],
    ["lease list 7", "too many arguments"],
  ],
  lock: [
    ["lock", "missing required argument 'name'"],
    ["lock ''", "the name of the lock is empty"],
    ["lock job --ttl 10", "Expected a duration"],
    ["lock job --wait soon", "Expected a duration"],
  ],
  elect: [
    ["elect", "missing required argument 'name'"],
    ["elect ''", "the name of the election is empty"],
    ["elect boss --ttl ever", "Expected a duration"],
    ["elect boss --observe -- ls", "--observe tells who leads, and runs no command"],
  ],
  member: [
    ["member add", "missing required argument 'address'"],
    ["member add here", "Expected host:port"],
    ["member add a:1 --learner --voter", "cannot be used with"],
    ["member add a:1 --priority 101", "Expected a whole number from 0 to 100"],
    ["member replace x a:1", "Expected the id of a node"],
    ["member replace 3 here", "Expected host:port"],
    ["member remove", "missing required argument 'id'"],
    ["member remove 0", "Expected the id of a node"],
    ["member promote x", "Expected the id of a node"],
    ["member demote x", "Expected the id of a node"],
    ["member move 3 here", "Expected host:port"],
    ["member priority 3 high", "Expected a whole number from 0 to 100"],
    ["member leave-joint 3", "too many arguments"],
  ],
  others: [
    ["status now", "too many arguments"],
    ["check 3", "too many arguments"],
    ["check --timeout soon", "Expected milliseconds"],
    ["check now", "too many arguments"],
    ["leader transfer x", "Expected the id of a node"],
    ["snapshot now x", "Expected the id of a node"],
    ["snapshot now 1 --all", "--all"],
    ["backup", "missing required argument 'file'"],
    ["restore", "missing required argument 'file'"],
    ["restore f --id x", "Expected the id of a node"],
    ["restore f --bump-revision -1", "Expected a whole number from 0"],
    ["export --at-revision x", "Expected a revision"],
    ["import /no/such/file", "/no/such/file cannot be read"],
  ],
};

describe.each(Object.entries(wrong))("%s used wrongly", (_, lines) => {
  it.each(lines)("%s: exits 2, and says what is wrong", async (line, message) => {
    expect({ code: await exitOf(line), told }).toEqual({
      code: exitCodes.usage,
      told: expect.stringContaining(message),
    });
    expect(told).not.toMatch(/\n\s+at /);
  });
});

it("every command is tried", () => {
  const tried = Object.values(wrong)
    .flat()
    .map(([line]) => line);
  for (const command of createProgram("1.2.3", () => undefined).commands) {
    for (const name of command.commands.length === 0 ? [""] : command.commands.map((sub) => ` ${sub.name()}`)) {
      const full = `${command.name()}${name}`;
      // They take nothing that could be wrong.
      if (["member list", "leader show"].includes(full)) continue;
      expect(
        tried.filter((line) => line === full || line.startsWith(`${full} `)),
        full,
      ).not.toEqual([]);
    }
  }
});

it("asks for help by itself, and says the version, without failing", async () => {
  vi.spyOn(process.stdout, "write").mockImplementation(() => true);
  expect([await exitOf("--help"), await exitOf("put --help"), await exitOf("--version")]).toEqual([0, 0, 0]);
});
