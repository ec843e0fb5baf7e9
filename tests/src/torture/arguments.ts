import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { type FaultKind, faultKinds } from "./faults/fault.ts";

export interface TortureArguments {
  readonly budgetMs: number;
  readonly seed: number;
  readonly faults: readonly FaultKind[];
  readonly nodes: number;
  readonly clients: number;
  readonly rounds: number;
  readonly killCycles: number;
  readonly serviceBoundMs: number;
  readonly report: string;
  readonly directory: string | undefined;
}

export const usage = `Tortures a cluster of real nodes under load, and checks what its clients saw.

  pnpm --filter @raftkv/tests torture [options]

  --budget SECONDS       how long (60)
  --seed N               which faults, whom and when (1)
  --faults LIST          of ${faultKinds.join(", ")} (all)
  --nodes N              how many nodes, 3 to 7 (3)
  --clients N            how many clients write and read (6)
  --rounds N             ends sooner, once so many rounds are done, each of one fault or two at a time
  --kill-cycles N        ends sooner, once so many processes were killed and started again
  --service-within MS    a write must be served within that: after each healing, and in each fault that leaves a
                         majority alone (12000: 20 election timeouts)
  --report FILE          the page to write (torture-report.html); what it shows is in FILE.json too
  --directory DIR        an empty folder for the nodes' data, which is left there; else it goes, but for a run that failed

Exit code 0: all is well; 1: something was found; 2: the options are wrong.`;

const options = {
  budget: { type: "string", default: "60" },
  seed: { type: "string", default: "1" },
  faults: { type: "string", default: faultKinds.join(",") },
  nodes: { type: "string", default: "3" },
  clients: { type: "string", default: "6" },
  rounds: { type: "string", default: String(Number.MAX_SAFE_INTEGER) },
  "kill-cycles": { type: "string", default: String(Number.MAX_SAFE_INTEGER) },
  "service-within": { type: "string", default: "12000" },
  report: { type: "string", default: "torture-report.html" },
  directory: { type: "string" },
  help: { type: "boolean", short: "h", default: false },
} as const;

/** Undefined: help is wanted. Throws with what was found and what was expected. Paths are from `workingDirectory`. */
export function parseTortureArguments(args: readonly string[], workingDirectory: string): TortureArguments | undefined {
  const { values } = parseArgs({ options, args: args.filter((arg) => arg !== "--") });
  if (values.help) return undefined;
  return {
    budgetMs: wholeNumber("--budget", values.budget, 1, 86_400) * 1_000,
    seed: wholeNumber("--seed", values.seed, 0, 0xffff_ffff),
    faults: faultsOf(values.faults),
    nodes: wholeNumber("--nodes", values.nodes, 3, 7),
    clients: wholeNumber("--clients", values.clients, 1, 100),
    rounds: wholeNumber("--rounds", values.rounds, 1, Number.MAX_SAFE_INTEGER),
    killCycles: wholeNumber("--kill-cycles", values["kill-cycles"], 1, Number.MAX_SAFE_INTEGER),
    serviceBoundMs: wholeNumber("--service-within", values["service-within"], 100, 600_000),
    report: resolve(workingDirectory, values.report),
    directory: values.directory === undefined ? undefined : resolve(workingDirectory, values.directory),
  };
}

/** The options of the same run once more. */
export function commandLine(
  { budgetMs, seed, nodes, clients, rounds, killCycles, serviceBoundMs }: TortureArguments,
  faults: readonly FaultKind[],
): string {
  const more = [
    ...(rounds === Number.MAX_SAFE_INTEGER ? [] : [`--rounds ${rounds}`]),
    ...(killCycles === Number.MAX_SAFE_INTEGER ? [] : [`--kill-cycles ${killCycles}`]),
    ...(nodes === 3 ? [] : [`--nodes ${nodes}`]),
    ...(clients === 6 ? [] : [`--clients ${clients}`]),
    ...(serviceBoundMs === 12_000 ? [] : [`--service-within ${serviceBoundMs}`]),
  ];
  const own = [`--budget ${budgetMs / 1_000}`, `--seed ${seed}`, `--faults ${faults.join(",")}`, ...more];
  return `pnpm --filter @raftkv/tests torture ${own.join(" ")}`;
}

function faultsOf(text: string): readonly FaultKind[] {
  const names = text.split(",").map((name) => name.trim());
  const unknown = names.find((name) => !faultKinds.some((kind) => kind === name));
  if (unknown !== undefined) throw new Error(`--faults: found ${unknown}, expected some of ${faultKinds.join(", ")}`);
  return faultKinds.filter((kind) => names.includes(kind));
}

function wholeNumber(name: string, text: string, least: number, most: number): number {
  const value = Number(text);
  if (Number.isSafeInteger(value) && value >= least && value <= most && text.trim() !== "") return value;
  throw new Error(`${name}: found ${text}, expected a whole number from ${least} to ${most}`);
}
