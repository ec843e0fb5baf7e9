import { type Command, InvalidArgumentError, Option } from "commander";
import { durationMs } from "./output/duration.ts";

export type OutputFormat = "simple" | "json";

/** The options of every command. */
export interface GlobalOptions {
  readonly endpoints: readonly string[];
  /** Milliseconds. */
  readonly timeout: number;
  readonly output: OutputFormat;
}

const longestTimeoutMs = 2 ** 31 - 1;

export function addGlobalOptions(program: Command): Command {
  return program
    .addOption(
      new Option("--endpoints <list>", "nodes to ask, as host:port,host:port; any one of the cluster is enough")
        .env("RAFTKV_ENDPOINTS")
        .argParser(parseEndpoints)
        .default(["127.0.0.1:50051"], "127.0.0.1:50051"),
    )
    .addOption(
      new Option("--timeout <time>", "how long to try: milliseconds, or with a unit, such as 30s")
        .argParser(parseTimeout)
        .default(5000, "5000"),
    )
    .addOption(new Option("--output <format>", "how results look").choices(["simple", "json"]).default("simple"));
}

function parseEndpoints(text: string): readonly string[] {
  const endpoints = text.split(",").map((endpoint) => endpoint.trim());
  if (endpoints.every((endpoint) => endpoint !== "")) return endpoints;
  throw new InvalidArgumentError("Expected host:port,host:port.");
}

/** Milliseconds, or a duration with its unit. */
export function parseTimeout(text: string): number {
  const milliseconds = /^\d+$/.test(text) ? Number(text) : durationMs(text);
  if (milliseconds !== undefined && milliseconds >= 1 && milliseconds <= longestTimeoutMs) return milliseconds;
  throw new InvalidArgumentError(`Expected milliseconds from 1 to ${longestTimeoutMs}, or a duration such as 30s.`);
}

export function parseLimit(text: string): number {
  const limit = Number(text);
  if (/^\d+$/.test(text) && limit >= 1 && Number.isSafeInteger(limit)) return limit;
  throw new InvalidArgumentError("Expected a whole number from 1.");
}

export function parseLeaseId(text: string): number {
  const id = Number(text);
  if (/^\d+$/.test(text) && id >= 1 && Number.isSafeInteger(id)) return id;
  throw new InvalidArgumentError("Expected the id of a lease, a whole number from 1.");
}

export function parseNodeId(text: string): number {
  const nodeId = Number(text);
  if (/^\d+$/.test(text) && nodeId >= 1 && Number.isSafeInteger(nodeId)) return nodeId;
  throw new InvalidArgumentError("Expected the id of a node, a whole number from 1.");
}

const highestPriority = 100;

export function parsePriority(text: string): number {
  const priority = Number(text);
  if (/^\d+$/.test(text) && priority <= highestPriority) return priority;
  throw new InvalidArgumentError(`Expected a whole number from 0 to ${highestPriority}.`);
}

/** In the form in which members have it. */
export function parseAddress(text: string): string {
  const address = text.trim().toLowerCase();
  const port = Number(/^(?:\[[0-9a-f:.%]+\]|[^\s:/?#@[\]]+):(\d{1,5})$/.exec(address)?.[1]);
  if (port >= 1 && port <= 65_535) return address;
  throw new InvalidArgumentError("Expected host:port.");
}
