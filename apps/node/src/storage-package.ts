import { createRequire } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { StoragePackage } from "@raftkv/kv-server";
import { exitCodes } from "./exit/exit-code.ts";
import { NodeFailure } from "./exit/node-failure.ts";

/**
 * Loads a storage package by its name: one that this package brings along, or one that is installed where the node is
 * started. Throws a `NodeFailure` if there is none of that name, or if it exports no `open`.
 */
export async function loadStoragePackage(name: string, workingDirectory: string): Promise<StoragePackage> {
  const module = await importPackage(name, workingDirectory);
  if (isStoragePackage(module)) return module;
  throw new NodeFailure(exitCodes.usage, `${name} is not a storage package: it exports no function named open`);
}

async function importPackage(name: string, workingDirectory: string): Promise<unknown> {
  for (const location of [name, resolveFrom(workingDirectory, name)]) {
    if (location === undefined) continue;
    try {
      return await import(location);
    } catch (error) {
      if (isMissing(error, name)) continue;
      const reason = error instanceof Error ? error.message : String(error);
      throw new NodeFailure(exitCodes.usage, `the storage package ${name} cannot be loaded: ${reason}`, {
        cause: error,
      });
    }
  }
  throw new NodeFailure(
    exitCodes.usage,
    `there is no storage package ${name} here: install it (npm install ${name}), or check the name`,
  );
}

function resolveFrom(directory: string, name: string): string | undefined {
  try {
    return pathToFileURL(createRequire(join(directory, "package.json")).resolve(name)).href;
  } catch {
    return undefined;
  }
}

/** True only if the package itself is missing, not something that it imports. */
function isMissing(error: unknown, name: string): boolean {
  return (
    error instanceof Error &&
    "code" in error &&
    error.code === "ERR_MODULE_NOT_FOUND" &&
    error.message.includes(`'${name}'`)
  );
}

function isStoragePackage(module: unknown): module is StoragePackage {
  return typeof module === "object" && module !== null && "open" in module && typeof module.open === "function";
}
