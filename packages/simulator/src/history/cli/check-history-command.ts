import { parseArgs } from "node:util";
import { drawPage } from "../drawing/page.ts";
import { judges } from "../judge-text.ts";
import type { SearchBudget } from "../linearizability/linearizability.ts";

export const usage = `Usage: raftkv-check-history FILE --model MODEL [options]

Decides whether a recorded history is linearizable, and keeps the other promises that its model makes.

  FILE           operations in JSON lines; - reads them from the standard input
  --model MODEL  ${Object.keys(judges).join(", ")}
  --page FILE    where to draw what no order explains, as a page of HTML (default: history.html)
  --states N     steps that the search for each part may try (default: 20000000)
  --memory MB    memory for what it remembers (default: 512)
  --help         print this

The status is 0 for a good history, 1 for a bad one, 2 for one that cannot be read, and 3 where the budget was spent.`;

/** What the command does to the world. */
export interface CommandPorts {
  readonly read: (file: string) => string;
  readonly write: (file: string, text: string) => void;
  readonly print: (line: string) => void;
  readonly complain: (line: string) => void;
}

/** Answers the status to exit with. */
export function checkHistoryCommand(args: readonly string[], ports: CommandPorts): number {
  try {
    return run(args, ports);
  } catch (error) {
    ports.complain(`raftkv-check-history: ${error instanceof Error ? error.message : error}`);
    ports.complain("Try raftkv-check-history --help.");
    return 2;
  }
}

function run(args: readonly string[], { read, write, print }: CommandPorts): number {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      model: { type: "string" },
      page: { type: "string", default: "history.html" },
      states: { type: "string" },
      memory: { type: "string" },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) {
    print(usage);
    return 0;
  }
  const [file, ...others] = positionals;
  if (file === undefined || others.length > 0) throw new Error(`expected one FILE, found ${positionals.length}`);
  const judge = new Map(Object.entries(judges)).get(values.model ?? "");
  if (judge === undefined) {
    throw new Error(`--model is "${values.model ?? ""}": expected one of ${Object.keys(judges).join(", ")}`);
  }
  const { kind, isBroken, operations, parts, states, failures } = judge(read(file), budgetOf(values));
  const words = { linearizable: "linearizable", notLinearizable: "not linearizable", unknown: "undecided" }[kind];
  print(`${words}: ${operations} operations in ${parts} ${parts === 1 ? "part" : "parts"}, ${states} steps tried`);
  if (failures.length === 0) return 0;
  for (const { title, lines } of failures) print(["", title, ...lines].join("\n"));
  write(values.page, drawPage(file, failures));
  print(`\ndrawn in ${values.page}`);
  return isBroken ? 1 : 3;
}

function budgetOf({ states, memory }: { states?: string | undefined; memory?: string | undefined }): SearchBudget {
  return {
    ...(states !== undefined && { states: positive("states", states) }),
    ...(memory !== undefined && { memoryBytes: positive("memory", memory) * 1024 * 1024 }),
  };
}

function positive(name: string, text: string): number {
  const number = Number(text);
  if (text !== "" && Number.isSafeInteger(number) && number > 0) return number;
  throw new Error(`--${name} is "${text}": expected a whole number above 0`);
}
