#!/usr/bin/env node
import { resolve } from "node:path";
import { styleText } from "node:util";
import { commandLine } from "./config/command-line.ts";
import type { Options } from "./config/options.ts";
import { readClusterFile } from "./config/read-cluster-file.ts";
import { resolveSettings, type Settings } from "./config/settings.ts";
import { workingDirectory } from "./config/working-directory.ts";
import { endProcess, type Reporting } from "./exit/end-process.ts";
import { exitCodes } from "./exit/exit-code.ts";
import { stopSignal } from "./exit/stop-signal.ts";
import { openLog } from "./logging/node-log.ts";
import { runNode } from "./node/run-node.ts";
import { requireNodeVersion } from "./node-version.ts";
import { packageVersion } from "./version.ts";

const version = packageVersion();

async function run(options: Options): Promise<void> {
  const { logFormat, logLevel } = options;
  let reporting: Reporting = { nodeId: options.id, log: undefined, logFormat, logLevel };
  const fail = (error: unknown): never => endProcess(error, reporting);
  process.on("uncaughtException", fail);
  process.on("unhandledRejection", fail);
  try {
    const directory = workingDirectory(process.env, process.cwd());
    const settings = settingsFrom(options, directory);
    const { nodeId } = settings;
    const onIdentified = (nodeId: number) => {
      log.names(nodeId);
      reporting = { ...reporting, nodeId };
    };
    const colorize = styleText("red", "?", { stream: process.stdout }) !== "?";
    const log = openLog({ level: logLevel, format: logFormat, colorize });
    reporting = { ...reporting, nodeId, log };
    const node = { settings, log, version, workingDirectory: directory, onIdentified, onFailure: fail };
    await runNode(node, stopSignal(log));
  } catch (error) {
    fail(error);
  }
  process.exit(exitCodes.ok);
}

function settingsFrom(options: Options, directory: string): Settings {
  const path = options.config === undefined ? undefined : resolve(directory, options.config);
  return resolveSettings(options, path === undefined ? undefined : readClusterFile(path), directory);
}

requireNodeVersion(process.versions.node);
// pnpm hands a "--" before the options on as it is.
const args = process.argv.slice(2);
await commandLine(version, run).parseAsync(args[0] === "--" ? args.slice(1) : args, { from: "user" });
