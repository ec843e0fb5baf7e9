import { readFileSync } from "node:fs";
import type { z } from "zod";
import { exitCodes } from "../exit/exit-code.ts";
import { NodeFailure } from "../exit/node-failure.ts";
import { type ClusterFile, clusterFileSchema } from "./cluster-file.ts";
import { JsonSyntaxError, parseJson } from "./json-text.ts";

/** Throws a `NodeFailure` that names the file and each field that is wrong, with the value found and what was expected. */
export function readClusterFile(path: string): ClusterFile {
  return parseClusterFile(path, readText(path));
}

/** `path` only serves the messages. */
export function parseClusterFile(path: string, text: string): ClusterFile {
  const found = parseText(path, text);
  const result = clusterFileSchema.safeParse(found);
  if (result.success) return result.data;
  const problems = result.error.issues.flatMap((issue) => describeIssue(issue, found));
  throw new NodeFailure(exitCodes.usage, `${path}: ${problems.join("; ")}`);
}

function readText(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new NodeFailure(exitCodes.usage, `cannot read the configuration ${path}: ${reason}`, { cause: error });
  }
}

function parseText(path: string, text: string): unknown {
  try {
    return parseJson(text);
  } catch (error) {
    if (!(error instanceof JsonSyntaxError)) throw error;
    throw new NodeFailure(exitCodes.usage, `${path}: not JSON: ${error.message}`, { cause: error });
  }
}

function describeIssue(issue: z.core.$ZodIssue, root: unknown): readonly string[] {
  if (issue.code === "unrecognized_keys") {
    return issue.keys.map((key) => `${formatPath([...issue.path, key])}: unknown field`);
  }
  const found = valueAt(root, issue.path);
  const text = found === undefined ? "nothing" : shorten(JSON.stringify(found));
  const path = formatPath(issue.path);
  return [`${path === "" ? "" : `${path}: `}found ${text}, expected ${issue.message}`];
}

function formatPath(path: readonly PropertyKey[]): string {
  return path
    .map((step, depth) => (typeof step === "number" ? `[${step}]` : `${depth > 0 ? "." : ""}${String(step)}`))
    .join("");
}

function valueAt(root: unknown, path: readonly PropertyKey[]): unknown {
  let value = root;
  for (const step of path) {
    if (typeof value !== "object" || value === null) return undefined;
    value = Reflect.get(value, step);
  }
  return value;
}

function shorten(text: string): string {
  return text.length <= 80 ? text : `${text.slice(0, 77)}…`;
}
