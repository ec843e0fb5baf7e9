import { closeSync, openSync, readSync } from "node:fs";
import { damaged, StorageFault } from "../storage-fault.ts";
import { integerColumn } from "./columns.ts";
import type { Connection } from "./connection.ts";

const headerBytes = 100;

/** What a database of ours says about itself, in the two header fields that SQLite leaves to applications. */
export interface Format {
  readonly applicationId: number;
  readonly version: number;
}

/**
 * Looks at the two bytes of the header that SQLite believes too readily: a flipped bit there makes it take a database
 * for one that may not be written. To be called before the file is opened. Throws `corrupt`.
 */
export function inspectHeader(file: string): void {
  const header = Buffer.alloc(headerBytes);
  const descriptor = openSync(file, "a+");
  try {
    if (readSync(descriptor, header, 0, headerBytes, 0) < headerBytes) return;
  } finally {
    closeSync(descriptor);
  }
  const versions = header.subarray(18, 20);
  if (versions.some((version) => version < 1 || version > 2)) {
    throw damaged(file, `its header says file format versions ${versions.join(" and ")}, where 1 or 2 are expected`);
  }
}

/** Whether the file is empty or of this format. Changes nothing. Throws `newerFormat` or `corrupt`. */
export function inspectFormat(connection: Connection, file: string, format: Format): "blank" | "ours" {
  const version = pragmaInteger(connection, "user_version");
  const applicationId = pragmaInteger(connection, "application_id");
  if (applicationId === format.applicationId && version > format.version) {
    throw new StorageFault(
      "newerFormat",
      `${file} has format ${version}; this version of raftkv reads formats up to ${format.version}. Run the version ` +
        "that wrote it, or a later one.",
    );
  }
  if (applicationId === format.applicationId && version === format.version) return "ours";
  const tables = connection.prepare<[], unknown>("SELECT count(*) FROM sqlite_master").pluck().get();
  if (applicationId === 0 && version === 0 && tables === 0) return "blank";
  throw damaged(
    file,
    `its header says application ${applicationId}, format ${version}, where ${format.applicationId} and ` +
      `${format.version} are expected`,
  );
}

/** Part of the transaction that makes the tables: a file is blank or whole. */
export function stampFormat(connection: Connection, format: Format): void {
  connection.pragma(`application_id = ${format.applicationId}`);
  connection.pragma(`user_version = ${format.version}`);
}

function pragmaInteger(connection: Connection, name: string): number {
  const value = connection.pragma(name, { simple: true });
  return typeof value === "number" ? value : integerColumn(value, connection.name, name);
}
