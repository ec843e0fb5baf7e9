import { dirname } from "node:path";
import type { Fields } from "../fields.ts";
import { syncFolderNow } from "../log/witness.ts";
import { type Connection, checkpointWhole, makeDurable, openConnection } from "../sqlite/connection.ts";
import { type Format, inspectFormat, inspectHeader, stampFormat } from "../sqlite/format.ts";
import { MetaTable, metaTableSchema } from "../sqlite/meta-table.ts";
import { openingError } from "../sqlite/sqlite-error.ts";
import { damaged } from "../storage-fault.ts";
import type { AppliedRecord } from "./protocol.ts";

/** "RKST" */
const format: Format = { applicationId: 0x524b5354, version: 1 };
const writerCacheBytes = 64 * 1024 * 1024;

/** Rows lie in the order of their keys, in the table itself: no index beside it, and scans read pages in a row. */
const schema = "CREATE TABLE kv (key BLOB PRIMARY KEY NOT NULL, value BLOB NOT NULL) WITHOUT ROWID;";

/** Opens `kv.db` for writing, makes it if it is not there, and makes durable what a crash may have left behind. */
export function openStateDatabase(file: string, memberId: string): Connection {
  let connection: Connection | undefined;
  try {
    inspectHeader(file);
    connection = openConnection(file, { cacheBytes: writerCacheBytes });
    const blank = inspectFormat(connection, file, format) === "blank";
    makeDurable(connection, file);
    if (blank) create(connection, file, memberId);
    requireOwner(new MetaTable(connection, file).get("owner"), file, memberId);
    requireSoundness(connection, file);
    checkpointWhole(connection);
    return connection;
  } catch (error) {
    connection?.close();
    throw openingError(error, file);
  }
}

export function parseApplied(fields: Fields): AppliedRecord {
  return { appliedIndex: fields.integer("appliedIndex"), logSequence: fields.integer("logSequence") };
}

function create(connection: Connection, file: string, memberId: string): void {
  const applied: AppliedRecord = { appliedIndex: 0, logSequence: 0 };
  connection.exec("BEGIN IMMEDIATE");
  connection.exec(metaTableSchema + schema);
  const meta = new MetaTable(connection, file);
  meta.put("owner", { memberId });
  meta.put("applied", applied);
  stampFormat(connection, format);
  connection.exec("COMMIT");
  syncFolderNow(dirname(file));
}

function requireOwner(owner: Fields, file: string, memberId: string): void {
  const found = owner.text("memberId");
  if (found === memberId) return;
  throw damaged(file, `it is the state of member ${found}, but the log beside it belongs to member ${memberId}`);
}

/**
 * Each value has a checksum, but a row that has slipped out of the tree would not be missed: the tree is checked as a
 * whole, about a second for each gigabyte.
 */
function requireSoundness(connection: Connection, file: string): void {
  const found = connection.pragma("quick_check(1)", { simple: true });
  if (found !== "ok") throw damaged(file, String(found));
}
