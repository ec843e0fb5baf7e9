import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import Database from "better-sqlite3";
import { type Measurement, measure } from "./measure.ts";

/** The floor of a write: one durable SQLite commit of `rows` records of 300 bytes, and nothing else. */
export async function measureDurableCommit(rows: number, durationMs: number): Promise<Measurement> {
  const folder = mkdtempSync(join(tmpdir(), "raftkv-floor-"));
  const database = new Database(join(folder, "floor.db"));
  try {
    database.pragma("journal_mode = WAL");
    database.pragma("synchronous = FULL");
    database.exec("CREATE TABLE log (position INTEGER PRIMARY KEY, record BLOB NOT NULL)");
    const insert = database.prepare("INSERT INTO log (record) VALUES (?)");
    const record = Buffer.alloc(300, 7);
    const commit = database.transaction(() => {
      for (let row = 0; row < rows; row++) insert.run(record);
    });
    return await measure({
      name: `floor: durable SQLite commit of ${rows} ${rows === 1 ? "record" : "records"}`,
      callers: 1,
      warmUpMs: 500,
      durationMs,
      operation: async () => commit(),
    });
  } finally {
    database.close();
    rmSync(folder, { recursive: true, force: true });
  }
}
