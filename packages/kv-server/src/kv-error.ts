/** Stable codes of what can be wrong with the key-value state. */
export type KvErrorCode =
  | "corruptState" // a stored row does not hold what it must; the node must be rebuilt from the others
  | "newerFormat" // written by a later version of raftkv
  | "malformedSnapshot" // a snapshot's bytes are damaged or incomplete; the old state was kept
  | "malformedBackup" // a backup's bytes are damaged or incomplete; nothing was restored
  | "outOfOrder" // entries were handed in out of order, or two at a time: an error of the caller
  | "closed";

/** An error of the key-value state machine. Messages are free to change, codes are not. */
export class KvError extends Error {
  override readonly name = "KvError";
  readonly code: KvErrorCode;

  constructor(code: KvErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
