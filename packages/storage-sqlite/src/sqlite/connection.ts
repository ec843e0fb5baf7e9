import Database from "better-sqlite3";
import { StorageFault } from "../storage-fault.ts";
import { integerColumn } from "./columns.ts";

/** One connection to one database file. */
export type Connection = Database.Database;

export interface ConnectionOptions {
  readonly readonly?: boolean;
  readonly cacheBytes: number;
}

const busyTimeoutMs = 2_000;
/** Older ones can lose a commit when a checkpoint and a write meet (sqlite.org/wal.html, "the WAL-reset bug"). */
const leastSqliteVersion = [3, 51, 3];

export function openConnection(file: string, options: ConnectionOptions): Connection {
  const readonly = options.readonly ?? false;
  const connection = new Database(file, { readonly, fileMustExist: readonly, timeout: busyTimeoutMs });
  try {
    requireSqliteVersion(connection);
    connection.pragma(`cache_size = -${Math.ceil(options.cacheBytes / 1024)}`);
    connection.pragma("cell_size_check = ON");
    return connection;
  } catch (error) {
    connection.close();
    throw error;
  }
}

/**
 * Every commit is to be on stable storage when it returns. That needs synchronous=FULL, which is read back:
 * better-sqlite3 is built with NORMAL for write-ahead logging, under which a power loss takes acknowledged commits.
 */
export function makeDurable(connection: Connection, file: string): void {
  connection.pragma("page_size = 4096");
  connection.pragma("journal_mode = WAL");
  connection.pragma("synchronous = FULL");
  // Fsync does not reach the platter on macOS; elsewhere these change nothing.
  connection.pragma("fullfsync = ON");
  connection.pragma("checkpoint_fullfsync = ON");
  // Checkpoints are taken between commits, when nobody waits for an answer.
  connection.pragma("wal_autocheckpoint = 0");
  connection.pragma(`journal_size_limit = ${64 * 1024 * 1024}`);
  expectPragma(connection, file, "journal_mode", "wal");
  expectPragma(connection, file, "synchronous", 2);
}

/** Keeps the write-ahead log of a connection from growing. To be called between commits, when nobody waits. */
export class Checkpointer {
  readonly #connection: Connection;
  readonly #longestFrames: number;
  readonly #measure;

  constructor(connection: Connection, longestFrames: number) {
    this.#connection = connection;
    this.#longestFrames = longestFrames;
    this.#measure = connection.prepare<[], readonly unknown[]>("PRAGMA wal_checkpoint(NOOP)").raw();
  }

  /** Copies the write-ahead log into the database, as far as readers allow, once it has become long. */
  checkpointIfLong(): void {
    const frames = integerColumn(this.#measure.get()?.[1], this.#connection.name, "the length of the write-ahead log");
    if (frames >= this.#longestFrames) this.#connection.pragma("wal_checkpoint(PASSIVE)");
  }
}

/**
 * Copies all of the write-ahead log into the database and empties it: what was recovered from a crash is written anew
 * and synced, whatever became of it before.
 */
export function checkpointWhole(connection: Connection): void {
  connection.pragma("wal_checkpoint(TRUNCATE)");
}

function expectPragma(connection: Connection, file: string, name: string, expected: string | number): void {
  const found = connection.pragma(name, { simple: true });
  if (found === expected) return;
  throw new StorageFault(
    "unwritable",
    `${file}: SQLite runs with ${name} = ${String(found)} where ${expected} is needed for durable commits. Put the ` +
      "data directory on a local file system.",
  );
}

function requireSqliteVersion(connection: Connection): void {
  const version = connection.prepare<[], string>("SELECT sqlite_version()").pluck().get() ?? "0";
  const parts = version.split(".").map(Number);
  for (const [position, least] of leastSqliteVersion.entries()) {
    const part = parts[position] ?? 0;
    if (part > least) return;
    if (part < least) {
      throw new StorageFault(
        "failed",
        `SQLite ${version} can lose commits in its write-ahead log; at least ${leastSqliteVersion.join(".")} is ` +
          "needed. Install a later better-sqlite3.",
      );
    }
  }
}
