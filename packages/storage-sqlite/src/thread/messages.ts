import type { StorageErrorCode } from "@raftkv/raft-core";

/** A request on its way to a worker. Ids count up; a worker answers in their order. */
export interface Envelope<Request> {
  readonly id: number;
  readonly request: Request;
}

/**
 * `done` answers every request up to and including `through`: those that shared a commit share an answer. After
 * `failed` the worker does nothing any more.
 */
export type Reply<Answer> =
  | { readonly kind: "done"; readonly through: number; readonly answer: Answer }
  | { readonly kind: "failed"; readonly code: StorageErrorCode; readonly message: string };
