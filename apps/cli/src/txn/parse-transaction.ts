import { type Comparison, type Fence, RaftKvError, type Step, type TransactionSpec } from "@raftkv/kv-client";
import { parseComparison } from "./parse-comparison.ts";
import { parseStep } from "./parse-step.ts";
import { LineError, words } from "./words.ts";

type Steps = readonly Step<unknown>[];

export interface ParsedTransaction {
  readonly spec: TransactionSpec<Steps, Steps>;
  readonly fence: Fence | undefined;
}

/** The three parts of a transaction, a line each for what stands in them. */
export const SECTIONS = [
  "compares",
  "success requests (get, put, del, range)",
  "failure requests (get, put, del, range)",
] as const;

/**
 * Comparisons, an empty line, what is done where all hold, an empty line, what is done otherwise: as etcdctl takes it. Lines
 * that begin with # are left out. Throws a `LineError` that names the line.
 */
export function parseTransaction(text: string): ParsedTransaction {
  let fence: Fence | undefined;
  const sections: [Comparison[], Step<unknown>[], Step<unknown>[]] = [[], [], []];
  let section = 0;
  for (const [i, line] of text.split(/\r?\n/).entries()) {
    if (line.trim().startsWith("#")) continue;
    if (line.trim() === "") {
      // More than one empty line at the end does no harm.
      section++;
      continue;
    }
    if (section > 2) throw new LineError(`line ${i + 1} stands after the three parts of a transaction: ${line}`);
    atLine(i + 1, () => {
      if (section === 0 && /^\s*fence\s/.test(line)) fence = theOnly(fence, parseFenceLine(line));
      else if (section === 0) sections[0].push(parseComparison(line));
      else (section === 1 ? sections[1] : sections[2]).push(parseStep(line));
    });
  }
  const [comparisons, success, failure] = sections;
  return { spec: { if: comparisons, do: success, else: failure }, fence };
}

/** `fence KEY TOKEN`. */
function parseFenceLine(line: string): Fence {
  const [, key, token, more] = words(line);
  if (key !== undefined && /^\d+$/.test(token ?? "") && more === undefined) return { key, token: Number(token) };
  throw new LineError(`expected fence KEY TOKEN, of a lock: ${line}`);
}

function theOnly(before: Fence | undefined, fence: Fence): Fence {
  if (before !== undefined) throw new LineError("a transaction has one fence at most");
  return fence;
}

/** What the client finds wrong with a line is told with its number too. */
function atLine(number: number, parse: () => void): void {
  try {
    parse();
  } catch (error) {
    if (!(error instanceof LineError || error instanceof RaftKvError)) throw error;
    throw new LineError(`line ${number}: ${error.message}`);
  }
}
