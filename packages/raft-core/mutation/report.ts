/** Sets what the last run of Stryker left alive beside the list of what is known to be alive, and why. */
import { readFileSync } from "node:fs";
import { relative } from "node:path";
import { type Survivor, survivorList } from "./survivor-list.ts";

/** The slice that is looked at of Stryker's report. */
interface Report {
  readonly files: Readonly<Record<string, ReportedFile>>;
}

interface ReportedFile {
  readonly source: string;
  readonly mutants: readonly Mutant[];
}

interface Mutant {
  readonly status: string;
  readonly replacement?: string;
  readonly location: { readonly start: Place; readonly end: Place };
}

/** Both count from 1. */
interface Place {
  readonly line: number;
  readonly column: number;
}

const report: Report = JSON.parse(readFileSync(new URL("../reports/mutation.json", import.meta.url), "utf8"));
const listed = new Map(survivorList().map((survivor) => [keyOf(survivor), survivor]));
const unexplained: string[] = [];
const rows: string[][] = [];
const total = { killed: 0, counted: 0, survived: 0, explained: 0, left: 0 };

for (const [path, { source, mutants }] of Object.entries(report.files).sort(([a], [b]) => (a < b ? -1 : 1))) {
  const file = relative("src/algorithm", path);
  const lines = source.split("\n");
  const alive = mutants.filter(({ status }) => status === "Survived" || status === "NoCoverage");
  const strange = alive.flatMap((mutant) => {
    const survivor = survivorOf(file, lines, mutant);
    if (listed.delete(keyOf(survivor))) return [];
    return [`${file}:${mutant.location.start.line} ${mutant.status}\n  ${JSON.stringify(survivor)}`];
  });
  unexplained.push(...strange);
  const killed = mutants.filter(({ status }) => status === "Killed" || status === "Timeout").length;
  const counted = killed + alive.length;
  const left = mutants.length - counted;
  rows.push(
    [file, counted, killed, alive.length, alive.length - strange.length, left, scoreOf(killed, counted)].map(String),
  );
  total.killed += killed;
  total.counted += counted;
  total.survived += alive.length;
  total.explained += alive.length - strange.length;
  total.left += left;
}
const { killed, counted, survived, explained, left } = total;
rows.push(["all", counted, killed, survived, explained, left, scoreOf(killed, counted)].map(String));

console.log(
  "| file | mutants | killed | survived | of them listed | left out | score |\n| --- | --- | --- | --- | --- | --- | --- |",
);
for (const row of rows) console.log(`| ${row.join(" | ")} |`);
const files = new Set(Object.keys(report.files).map((path) => relative("src/algorithm", path)));
const dead = [...listed.values()].filter(({ file }) => files.has(file));
if (dead.length > 0) console.log("\nListed, and not alive any more:");
for (const survivor of dead) console.log(`  ${JSON.stringify(survivor)}`);
if (unexplained.length > 0) console.log("\nAlive, and not listed:");
for (const mutant of unexplained) console.log(mutant);
process.exitCode = unexplained.length + dead.length === 0 ? 0 : 1;

function survivorOf(file: string, lines: readonly string[], { location, replacement = "" }: Mutant): Survivor {
  const { start, end } = location;
  const first = lines[start.line - 1] ?? "";
  const text =
    start.line === end.line ? first.slice(start.column - 1, end.column - 1) : `${first.slice(start.column - 1)}…`;
  return { file, line: first.trim(), change: `${text} -> ${replacement.replaceAll(/\s+/g, " ")}` };
}

function keyOf({ file, line, change }: Survivor): string {
  return JSON.stringify([file, line, change]);
}

function scoreOf(of: number, all: number): string {
  return all === 0 ? "–" : `${((100 * of) / all).toFixed(1)} %`;
}
