import { RaftKvError, type RaftKvErrorCode } from "@raftkv/kv-client";

/** What became of a call of a real client. */
export type Outcome<T> =
  | { readonly kind: "answered"; readonly value: T }
  /** It certainly has not happened, and never will. */
  | { readonly kind: "refused"; readonly code: RaftKvErrorCode }
  /** Nobody knows. */
  | { readonly kind: "unknown" };

/** What a client never tells of a call that makes sense. */
const unexpected: ReadonlySet<RaftKvErrorCode> = new Set(["INTERNAL", "INVALID_ARGUMENT"]);

/** Rejects where a call fails as none may that makes sense. */
export async function answered<T>(call: () => Promise<T>): Promise<Outcome<T>> {
  try {
    return { kind: "answered", value: await call() };
  } catch (error) {
    if (!(error instanceof RaftKvError) || unexpected.has(error.code)) throw error;
    return error.outcomeUnknown ? { kind: "unknown" } : { kind: "refused", code: error.code };
  }
}
