import { expect, it } from "vitest";
import { openingError, runningError } from "./sqlite-error.ts";

const sqliteError = (code: string, message: string) => Object.assign(new Error(message), { code });

it("does not call a file damaged for certain where SQLite cannot tell that from a disk that refuses to read", () => {
  const malformed = sqliteError("SQLITE_CORRUPT", "database disk image is malformed");
  for (const fault of [openingError(malformed, "kv.db"), runningError(malformed, "kv.db", "working on")]) {
    expect(fault.code).toBe("corrupt");
    expect(fault.message).toMatch(
      /^kv\.db is damaged, or its disk refused to read it.*SQLITE_CORRUPT.*start this node again/,
    );
  }
  const none = openingError(sqliteError("SQLITE_NOTADB", "file is not a database"), "kv.db");
  expect(none).toMatchObject({
    code: "corrupt",
    message: expect.stringMatching(/^kv\.db is damaged: .*leave it down/),
  });
});

it("takes a refused write for a failure, after which the node may be started again", () => {
  const refused = sqliteError("SQLITE_IOERR_WRITE", "disk I/O error");
  expect(runningError(refused, "kv.db", "working on")).toMatchObject({ code: "failed" });
});
