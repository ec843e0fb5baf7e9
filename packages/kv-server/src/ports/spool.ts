/** Puts bytes aside, outside the state, until they have been read: a client that reads slowly must not hold the state. */
export interface Spool {
  /**
   * Takes in everything that `chunks` has. `expectedBytes` is about how much that will be: where there is no room for it,
   * or it fails, it rejects, and leaves nothing. `written` is told how far it has come.
   */
  take(
    chunks: AsyncIterable<Uint8Array>,
    expectedBytes: number,
    written: (bytes: number) => void,
    signal: AbortSignal,
  ): Promise<Spooled>;
}

export interface Spooled {
  readonly bytes: number;
  /** In chunks of at most 1 MiB. */
  read(): AsyncIterable<Uint8Array>;
  /** Leaves no trace. May be called again. */
  close(): Promise<void>;
}
