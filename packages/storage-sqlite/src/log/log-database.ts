import { dirname } from "node:path";
import type { Identity } from "@raftkv/raft-core";
import { type Connection, checkpointWhole, makeDurable, openConnection } from "../sqlite/connection.ts";
import { type Format, inspectFormat, inspectHeader, stampFormat } from "../sqlite/format.ts";
import { MetaTable, metaTableSchema } from "../sqlite/meta-table.ts";
import { openingError } from "../sqlite/sqlite-error.ts";
import { damaged } from "../storage-fault.ts";
import { blockTableSchema } from "./block-table.ts";
import { freshHead, type LogHead, parseHead, parseIdentity } from "./log-head.ts";
import { emptyMembership } from "./membership-record.ts";
import type { LogFound } from "./protocol.ts";
import { syncFolderNow, Witness } from "./witness.ts";

/** "RKLG" */
const format: Format = { applicationId: 0x524b4c47, version: 1 };
const cacheBytes = 8 * 1024 * 1024;

/** Opens `raft.db`, changing nothing that says how far it reaches. Throws what starting the node is refused with. */
export function openLogDatabase(
  file: string,
  witnessFile: string,
): { readonly connection: Connection; readonly found: LogFound | undefined } {
  let connection: Connection | undefined;
  try {
    inspectHeader(file);
    connection = openConnection(file, { cacheBytes });
    const blank = inspectFormat(connection, file, format) === "blank";
    makeDurable(connection, file);
    const found = blank ? undefined : readFound(connection, file);
    testify(file, witnessFile, found);
    return { connection, found: found && { identity: found.identity, sequence: found.head.sequence } };
  } catch (error) {
    connection?.close();
    throw openingError(error, file);
  }
}

/** Makes a blank database one that belongs to `memberId`, and gives it its witness. */
export function createLog(connection: Connection, file: string, nodeId: number, memberId: string): LogFound {
  const identity = { nodeId, memberId, incarnation: 0, clusterId: undefined };
  connection.exec("BEGIN IMMEDIATE");
  connection.exec(metaTableSchema + blockTableSchema);
  const meta = new MetaTable(connection, file);
  meta.put("identity", identity);
  meta.put("base", { index: 0, term: 0, membership: emptyMembership });
  meta.put("head", freshHead);
  stampFormat(connection, format);
  connection.exec("COMMIT");
  checkpointWhole(connection);
  syncFolderNow(dirname(file));
  return { identity, sequence: freshHead.sequence };
}

/** The witness of a log that is about to start; made now if the log was never started. */
export function openWitness(connection: Connection, file: string, witnessFile: string): Witness {
  if (Witness.read(witnessFile) === undefined) {
    const { identity, head } = readFound(connection, file);
    const { sequence, lastIndex, lastTerm } = head;
    Witness.create(witnessFile, { memberId: identity.memberId, sequence, lastIndex, lastTerm });
  }
  return Witness.open(witnessFile);
}

interface Found {
  readonly identity: Identity;
  readonly head: LogHead;
}

function readFound(connection: Connection, file: string): Found {
  const meta = new MetaTable(connection, file);
  return { identity: parseIdentity(meta.get("identity")), head: parseHead(meta.get("head")) };
}

/** Holds what the database says against what the witness has seen. */
function testify(file: string, witnessFile: string, found: Found | undefined): void {
  const witness = Witness.read(witnessFile);
  if (witness === undefined) {
    // The witness is made after the database and before the first start.
    if (found === undefined || found.identity.incarnation === 0) return;
    throw damaged(witnessFile, `it is missing, though ${file} has been in use`);
  }
  if (found === undefined) {
    throw damaged(file, `it is empty, though ${witnessFile} has seen its log reach index ${witness.lastIndex}`);
  }
  if (found.identity.memberId !== witness.memberId) {
    throw damaged(file, `it belongs to member ${found.identity.memberId}, but ${witnessFile} to ${witness.memberId}`);
  }
  const { head } = found;
  if (head.sequence < witness.sequence) {
    throw damaged(
      file,
      `it ends with commit ${head.sequence} (last entry: index ${head.lastIndex}, term ${head.lastTerm}), but ` +
        `commit ${witness.sequence} was durable (last entry: index ${witness.lastIndex}, term ${witness.lastTerm}). ` +
        "Its write-ahead log was lost or damaged, or an old copy was put in its place",
    );
  }
}
