import { damaged, StorageFault } from "../storage-fault.ts";
import { integerColumn } from "./columns.ts";
import type { Connection } from "./connection.ts";

/** What a database of ours says about itself, in the two header fields that SQLite leaves to applications. */
export interface Format {
  readonly applicationId: number;
  readonly version: number;
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
