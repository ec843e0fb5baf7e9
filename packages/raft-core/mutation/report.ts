/** Sets what the last run of Stryker left alive beside the list of what is known to be alive, and why. */
import { readFileSync } from "node:fs";
import { basename } from "node:path";
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

/** What became of the mutants of one file, or of all. */
interface Tally {
  readonly file: string;
  readonly killed: number;
  readonly survived: number;
  readonly listed: number;
  readonly leftOut: number;
}

/** Prints a table, and what the list and the run do not agree on. Answers whether they agree. */
export function tellOfSurvivors(): boolean {
  const report: Report = JSON.parse(readFileSync("reports/mutation.json", "utf8"));
  const files = Object.entries(report.files).map(([path, file]) => ({ name: basename(path), ...file }));
  const isReported = ({ file }: Survivor) => files.some(({ name }) => name === file);
  const listed = survivorList().filter(isReported);
  const known = new Set(listed.map(keyOf));
  const seen = new Set<string>();
  const unlisted: string[] = [];
  const tallies = files.map(({ name, source, mutants }): Tally => {
    const alive = mutants.filter(({ status }) => status === "Survived" || status === "NoCoverage");
    let count = 0;
    for (const mutant of alive) {
      const survivor = survivorOf(name, source.split("\n"), mutant);
      seen.add(keyOf(survivor));
      if (known.has(keyOf(survivor))) count++;
      else unlisted.push(`${name}:${mutant.location.start.line} ${mutant.status}\n  ${JSON.stringify(survivor)}`);
    }
    const killed = mutants.filter(({ status }) => status === "Killed" || status === "Timeout").length;
    const leftOut = mutants.length - killed - alive.length;
    return { file: name, killed, survived: alive.length, listed: count, leftOut };
  });
  printTable([...tallies.sort((a, b) => (a.file < b.file ? -1 : 1)), totalOf(tallies)]);
  const gone = listed.filter((survivor) => !seen.has(keyOf(survivor))).map((survivor) => JSON.stringify(survivor));
  printList("Listed, and not alive any more:", gone);
  printList("Alive, and not listed:", unlisted);
  return gone.length + unlisted.length === 0;
}

function totalOf(tallies: readonly Tally[]): Tally {
  const sum = (count: (tally: Tally) => number) => tallies.reduce((all, tally) => all + count(tally), 0);
  return {
    file: "all",
    killed: sum(({ killed }) => killed),
    survived: sum(({ survived }) => survived),
    listed: sum(({ listed }) => listed),
    leftOut: sum(({ leftOut }) => leftOut),
  };
}

function printTable(tallies: readonly Tally[]): void {
  console.log("| file | mutants | killed | survived | of those listed | left out | score |");
  console.log("| --- | --- | --- | --- | --- | --- | --- |");
  for (const { file, killed, survived, listed, leftOut } of tallies) {
    const all = killed + survived;
    const score = all === 0 ? "" : `${((100 * killed) / all).toFixed(1)} %`;
    console.log(`| ${[file, all, killed, survived, listed, leftOut, score].join(" | ")} |`);
  }
}

function printList(title: string, lines: readonly string[]): void {
  if (lines.length > 0) console.log(["", title, ...lines].join("\n"));
}

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
