#!/usr/bin/env node
import { readFileSync } from "node:fs";
import { type ExitCode, exitCodes } from "./exit-code.ts";
import { requireNodeVersion } from "./node-version.ts";
import { endWithReader, outliveReaders } from "./output/standard-output.ts";
import { createProgram } from "./program.ts";
import { run } from "./run.ts";

function packageVersion(): string {
  const found: unknown = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8"));
  return typeof found === "object" && found !== null && "version" in found ? String(found.version) : "unknown";
}

function fail(message: string, code: ExitCode): void {
  process.stderr.write(`raftkv: ${message}\n`);
  process.exitCode = code;
}

requireNodeVersion(process.versions.node);
endWithReader();
outliveReaders();
const program = createProgram(packageVersion(), (key) => fail(`there is no key "${key}"`, exitCodes.notFound));
const code = await run(program, process.argv.slice(2), fail);
// A command that was run under a lock has set its own.
if (code !== exitCodes.ok) process.exitCode = code;
