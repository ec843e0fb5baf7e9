import { execFile } from "node:child_process";
import { cp, readFile, rm, writeFile } from "node:fs/promises";
import { basename, join, resolve } from "node:path";
import { type Checker, type CheckResult, CheckStatus } from "@stryker-mutator/api/check";
import type { Mutant } from "@stryker-mutator/api/core";

const source = resolve("src/algorithm");
/** A copy of it, beside which the mutants stand. */
const copy = resolve("reports/mutants");
const mutantsARun = 1_000;

/**
 * Says which mutants do not compile: nobody could write them, and they count for nothing. Stryker has a checker of its
 * own for that, which needs the interface of an earlier TypeScript.
 *
 * A mutant is one more file of the program, which imports the others as they are: one run of the compiler is enough for
 * very many. What a mutant does to the types of other files goes unnoticed; they are spelled out in the exports anyway.
 */
export class Compiler implements Checker {
  async init(): Promise<void> {
    await rm(copy, { recursive: true, force: true });
    await cp(source, copy, { recursive: true, filter: (path) => !path.endsWith(".test.ts") });
    const problems = await compile(["raft.ts"]);
    if (problems.size > 0) throw new Error(`The algorithm does not compile: ${[...problems.values()].join("; ")}`);
  }

  async group(mutants: readonly Mutant[]): Promise<string[][]> {
    const ids = mutants.map(({ id }) => id);
    const starts = Array.from({ length: Math.ceil(ids.length / mutantsARun) }, (_, group) => group * mutantsARun);
    return starts.map((start) => ids.slice(start, start + mutantsARun));
  }

  async check(mutants: readonly Mutant[]): Promise<Record<string, CheckResult>> {
    for (const mutant of mutants) await writeFile(join(copy, fileOf(mutant)), await mutated(mutant));
    const problems = await compile(mutants.map(fileOf));
    for (const mutant of mutants) await rm(join(copy, fileOf(mutant)));
    return Object.fromEntries(
      mutants.map((mutant) => {
        const reason = problems.get(fileOf(mutant));
        const passed = { status: CheckStatus.Passed } as const;
        return [mutant.id, reason === undefined ? passed : { status: CheckStatus.CompileError, reason }];
      }),
    );
  }
}

/** What is wrong with which file. */
async function compile(files: readonly string[]): Promise<ReadonlyMap<string, string>> {
  const project = {
    extends: resolve("tsconfig.json"),
    // As Stryker's own checker does: what is left unused is no mistake of a mutant.
    compilerOptions: { allowUnreachableCode: true, noUnusedLocals: false, noUnusedParameters: false, types: [] },
    files,
    include: [],
  };
  await writeFile(join(copy, "tsconfig.json"), JSON.stringify(project));
  const output = await new Promise<string>((done) => {
    const options = { maxBuffer: 256 * 1024 * 1024 };
    execFile("tsc", ["--noEmit", "--pretty", "false", "-p", copy], options, (_error, stdout) => done(stdout));
  });
  const problems = new Map<string, string>();
  for (const [, path = "", problem = ""] of output.matchAll(/^(\S+)\(\d+,\d+\): error (.*)$/gm)) {
    problems.set(basename(path), problem);
  }
  return problems;
}

async function mutated({ fileName, location: { start, end }, replacement }: Mutant): Promise<string> {
  const text = await readFile(fileName, "utf8");
  const lines = text.split("\n");
  const offsetOf = ({ line, column }: typeof start) =>
    lines.slice(0, line).reduce((sum, before) => sum + before.length + 1, column);
  return text.slice(0, offsetOf(start)) + replacement + text.slice(offsetOf(end));
}

function fileOf({ fileName, id }: Mutant): string {
  return basename(fileName).replace(/\.ts$/, `.mutant-${id}.ts`);
}
