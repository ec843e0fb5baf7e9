#!/usr/bin/env node
import { readFileSync } from "node:fs";
import { RaftKvError } from "@raftkv/kv-client";
import { adviceFor } from "./advice.ts";
import { CommandError } from "./command-error.ts";
import { type ExitCode, exitCodeFor, exitCodes } from "./exit-code.ts";
import { Interrupted } from "./membership/catch-up.ts";
import { requireNodeVersion } from "./node-version.ts";
import { endWithReader, outliveReaders } from "./output/standard-output.ts";
import { createProgram } from "./program.ts";

function packageVersion(): string {
  const found: unknown = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8"));
  return typeof found === "object" && found !== null && "version" in found ? String(found.version) : "unknown";
}

function fail(message: string, code: ExitCode): void {
  process.stderr.write(`raftkv: ${message.replace(/\s*\n\s*/g, " ")}\n`);
  process.exitCode = code;
}

/** The names of the client's own calls, with which its messages begin. */
const callName =
  /^(?:status|members|leader|changeMembership|leaveJoint|transferLeadership|takeSnapshot|inspectAddress|backup|check|watch): /;

function withAdvice({ message, code }: RaftKvError): string {
  const advice = adviceFor(code);
  const problem = message.replace(callName, "");
  return advice === undefined ? problem : `${problem}; ${advice}`;
}

/** An argument whose bytes were not UTF-8: what it stood for is lost, and two such keys would become the same one. */
function garbledArgument(): string | undefined {
  return process.argv.slice(2).find((argument) => argument.includes("\ufffd"));
}

requireNodeVersion(process.versions.node);
endWithReader();
outliveReaders();
const garbled = garbledArgument();
if (garbled !== undefined) {
  fail(
    `the argument "${garbled}" is not valid UTF-8; a value of any bytes goes through standard input: put KEY - < FILE`,
    exitCodes.usage,
  );
  process.exit();
}
const program = createProgram(packageVersion(), (key) => fail(`there is no key "${key}"`, exitCodes.notFound));
try {
  await program.parseAsync();
} catch (error) {
  if (error instanceof RaftKvError) fail(withAdvice(error), exitCodeFor(error));
  else if (error instanceof CommandError) fail(error.message, error.exitCode);
  else if (error instanceof Interrupted) fail(error.message, exitCodes.interrupted);
  else fail(`unexpected failure: ${error instanceof Error ? error.message : String(error)}`, exitCodes.unexpected);
}
