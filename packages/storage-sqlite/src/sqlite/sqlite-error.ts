import { damaged, damagedOrUnreadable, StorageFault, unwritable } from "../storage-fault.ts";

/** What an error met while opening `file` means for whoever starts the node. */
export function openingError(error: unknown, file: string): StorageFault {
  if (error instanceof StorageFault) return error;
  const code = codeOf(error);
  if (isDamage(code)) return damageOf(error, file);
  if (/^SQLITE_(CANTOPEN|READONLY|PERM|AUTH|FULL)/.test(code)) return unwritable(file, error);
  if (/^(EACCES|EPERM|ENOENT|ENOTDIR|EISDIR|EROFS|ENOSPC|ELOOP|ENAMETOOLONG)$/.test(code))
    return unwritable(file, error);
  if (/^SQLITE_BUSY/.test(code)) {
    return new StorageFault("locked", `${file} is open in another program: close it and start again.`, {
      cause: error,
    });
  }
  return runningError(error, file, "opening");
}

/** What an error met while working on `file` means: damage, or a failure after which nothing is tried again. */
export function runningError(error: unknown, file: string, doing: string): StorageFault {
  if (error instanceof StorageFault) return error;
  if (isDamage(codeOf(error))) return damageOf(error, file);
  return new StorageFault(
    "failed",
    `${doing} ${file} failed: ${describe(error)}. Nothing more is written: see to the disk, then start the node ` +
      "again, so that it reads what the disk really holds.",
    { cause: error },
  );
}

/** `SQLITE_ERROR` is about the statement: ours are right, so the schema in the file is not. */
function isDamage(code: string): boolean {
  return /^SQLITE_(CORRUPT|NOTADB)/.test(code) || code === "SQLITE_ERROR";
}

function damageOf(error: unknown, file: string): StorageFault {
  const isMalformed = /^SQLITE_CORRUPT/.test(codeOf(error));
  return (isMalformed ? damagedOrUnreadable : damaged)(file, describe(error), error);
}

function codeOf(error: unknown): string {
  return error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : "";
}

function describe(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const code = codeOf(error);
  return code === "" || error.message.includes(code) ? error.message : `${error.message} (${code})`;
}
