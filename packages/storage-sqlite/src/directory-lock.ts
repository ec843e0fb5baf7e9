import { readFileSync, rmSync, writeFileSync } from "node:fs";
import Database from "better-sqlite3";
import type { DataDirectory } from "./data-directory.ts";
import { openingError } from "./sqlite/sqlite-error.ts";
import { StorageFault } from "./storage-fault.ts";

/**
 * One owner a data directory: an exclusive transaction, never committed, on an empty database. Its lock is the
 * kernel's and goes with the process, however that ends; no process id is ever guessed at. SQLite keeps two
 * connections of one process apart as well.
 */
export class DirectoryLock {
  readonly #connection: Database.Database;
  readonly #ownerFile: string;

  private constructor(connection: Database.Database, ownerFile: string) {
    this.#connection = connection;
    this.#ownerFile = ownerFile;
  }

  /** Throws `locked` with the process that holds it, or `unwritable`. */
  static acquire(directory: DataDirectory): DirectoryLock {
    let connection: Database.Database | undefined;
    try {
      connection = new Database(directory.lock, { timeout: 0 });
      connection.pragma("journal_mode = MEMORY");
      connection.exec("BEGIN EXCLUSIVE");
      writeFileSync(directory.lockOwner, `${process.pid}\n`);
      return new DirectoryLock(connection, directory.lockOwner);
    } catch (error) {
      connection?.close();
      const reason = openingError(error, directory.lock);
      throw reason.code === "locked" ? lockedError(directory, error) : reason;
    }
  }

  /** Nothing else in this process may open the lock file: closing it by another way would drop the lock. */
  release(): void {
    rmSync(this.#ownerFile, { force: true });
    this.#connection.close();
  }
}

function lockedError(directory: DataDirectory, cause: unknown): StorageFault {
  return new StorageFault(
    "locked",
    `${directory.root} is in use by ${ownerOf(directory)}: a data directory has one owner at a time. Stop that ` +
      "process, or choose another data directory.",
    { cause },
  );
}

function ownerOf(directory: DataDirectory): string {
  try {
    const pid = readFileSync(directory.lockOwner, "utf8").trim();
    if (/^\d+$/.test(pid)) return Number(pid) === process.pid ? `this process (${pid}) already` : `process ${pid}`;
  } catch {
    // The owner has not written it yet: the message does without.
  }
  return "another process";
}
