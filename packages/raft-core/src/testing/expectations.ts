import assert from "node:assert/strict";
import type { Entry } from "../algorithm/entry.ts";
import { StorageError, type StorageErrorCode } from "../ports/storage-error.ts";

/** The bytes as hex text: a `Buffer` and a `Uint8Array` with the same content are the same to the suites. */
export function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("hex");
}

export function assertSameBytes(actual: Uint8Array | undefined, expected: Uint8Array, what: string): void {
  assert.ok(actual, `${what}: expected ${expected.byteLength} bytes, found nothing`);
  if (expected.byteLength <= 64) assert.equal(hex(actual), hex(expected), what);
  assert.equal(actual.byteLength, expected.byteLength, `${what}: length in bytes`);
  assert.ok(Buffer.compare(actual, expected) === 0, `${what}: same length, but other bytes`);
}

export function assertSameEntries(actual: readonly Entry[], expected: readonly Entry[], what: string): void {
  assert.deepEqual(actual.map(comparable), expected.map(comparable), what);
}

function comparable(entry: Entry): unknown {
  return entry.kind === "command" ? { ...entry, payload: hex(entry.payload) } : entry;
}

/** Expects `promise` to reject with a `StorageError` of this code. */
export async function rejectsWithCode(promise: Promise<unknown>, code: StorageErrorCode, what: string): Promise<void> {
  const outcome = await promise.then(
    () => undefined,
    (error: unknown) => error,
  );
  assert.ok(outcome !== undefined, `${what}: expected a StorageError with code "${code}", but it succeeded`);
  assert.ok(isStorageError(outcome), `${what}: expected a StorageError, found ${String(outcome)}`);
  assert.equal(outcome.code, code, `${what}: code of "${outcome.message}"`);
}

/** By name too: a package under test may have loaded its own copy of this one. */
function isStorageError(error: unknown): error is StorageError {
  return error instanceof StorageError || (error instanceof Error && error.name === "StorageError" && "code" in error);
}

/** Expects the write to have resolved when the close has, give or take what the event loop had ready by then. */
export async function assertCloseWaitsFor(write: Promise<unknown>, close: Promise<unknown>): Promise<void> {
  let durable = false;
  const noted = write.then(() => {
    durable = true;
  });
  await close;
  await new Promise((resolve) => setImmediate(resolve));
  assert.ok(durable, "close() resolved while a write that was handed in before it was still pending");
  await noted;
}
