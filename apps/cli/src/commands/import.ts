import { open } from "node:fs/promises";
import { type RaftKv, RaftKvError } from "@raftkv/kv-client";
import { withoutCall } from "../client-message.ts";
import { CommandError } from "../command-error.ts";
import { exitCodes } from "../exit-code.ts";
import type { GlobalOptions } from "../options.ts";
import { formatBytes } from "../output/format-bytes.ts";
import { writeOut } from "../output/standard-output.ts";
import { type StepProgress, stepProgress } from "../output/step-progress.ts";
import { realPace } from "../real-pace.ts";
import { withClient } from "../session.ts";
import { type ExportedEntry, entryOfLine } from "../transfer/entry-line.ts";
import { type Line, linesOf } from "../transfer/lines.ts";
import { WriteWindow } from "../transfer/write-window.ts";

interface Source {
  readonly name: string;
  readonly chunks: AsyncIterable<Uint8Array>;
  /** Undefined where nobody knows. */
  readonly bytes: number | undefined;
}

/** What the cluster can grant. Whatever has less left is about to go. */
const shortestTtlMs = 100;
const longestTtlMs = 30 * 24 * 60 * 60 * 1_000;

/** Puts every line's key. Where it ends half-way it can be done again: the same lines lead to the same keys and values. */
export async function importEntries(file: string | undefined, options: GlobalOptions): Promise<void> {
  const source = await sourceOf(file);
  const progress = stepProgress("import", formatBytes, process.stderr, realPace);
  let keys: number;
  try {
    keys = await withClient(options, (client) => putAll(client, source, progress));
  } finally {
    progress.end();
  }
  await writeOut(options.output === "json" ? `${JSON.stringify({ keys })}\n` : `OK, ${keys} keys\n`);
}

async function putAll(client: RaftKv, source: Source, progress: StepProgress): Promise<number> {
  const window = new WriteWindow();
  let keys = 0;
  try {
    for await (const line of linesOf(source.chunks)) {
      const { key, value, ttlMs } = parse(line);
      const options = ttlMs === undefined ? {} : { ttlMs: Math.min(Math.max(ttlMs, shortestTtlMs), longestTtlMs) };
      await window.add(key.length + value.length, () => client.put(key, value, options));
      keys++;
      progress.update(line.bytes, source.bytes);
    }
    await window.done();
  } catch (error) {
    throw incomplete(source, keys, error);
  }
  return keys;
}

function parse(line: Line): ExportedEntry {
  try {
    return entryOfLine(line.text);
  } catch (error) {
    throw new Error(`line ${line.number}: ${error instanceof Error ? error.message : error}`);
  }
}

async function sourceOf(file: string | undefined): Promise<Source> {
  if (file === undefined || file === "-") return { name: "standard input", chunks: process.stdin, bytes: undefined };
  try {
    // Open by now: a stream that opens it by itself could fail before anybody listens.
    const handle = await open(file);
    return { name: file, chunks: handle.createReadStream(), bytes: (await handle.stat()).size };
  } catch (error) {
    throw new CommandError(
      `${file} cannot be read: ${error instanceof Error ? error.message : error}`,
      exitCodes.usage,
    );
  }
}

/** An error of the cluster keeps its own exit code. */
function incomplete({ name }: Source, keys: number, error: unknown): unknown {
  const hint = keys === 0 ? "nothing was written" : "some of it is written, and importing it again does no harm";
  if (error instanceof RaftKvError) {
    return new RaftKvError(error.code, `${withoutCall(error.message)}; ${hint}`, {
      outcomeUnknown: error.outcomeUnknown,
      cause: error,
    });
  }
  const message = error instanceof Error ? error.message : String(error);
  return new CommandError(`${name}: ${message}; ${hint}`, exitCodes.usage, { cause: error });
}
