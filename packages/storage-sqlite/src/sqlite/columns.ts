import { damaged } from "../storage-fault.ts";

/** SQLite has no fixed column types, and a damaged record may hold anything: what is read is looked at. */
export function integerColumn(value: unknown, file: string, what: string): number {
  if (typeof value === "number" && Number.isSafeInteger(value) && value >= 0) return value;
  throw damaged(file, `${what} is ${String(value)}, which is not a count`);
}

export function bytesColumn(value: unknown, file: string, what: string): Uint8Array {
  if (value instanceof Uint8Array) return value;
  throw damaged(file, `${what} is ${value === undefined ? "missing" : `of type ${typeof value}`}, expected bytes`);
}
