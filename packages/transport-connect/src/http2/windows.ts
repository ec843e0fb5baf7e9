/**
 * HTTP/2 flow control, in bytes. The defaults of the protocol (64 KiB a stream and a connection) stall a stream that
 * carries a log: a window has to hold what is under way during one round trip.
 */
export interface Http2Windows {
  readonly streamBytes: number;
  /** For all streams of a connection together. */
  readonly sessionBytes: number;
}

export const defaultWindows: Http2Windows = { streamBytes: 4 * 1024 * 1024, sessionBytes: 16 * 1024 * 1024 };

/** Node refuses new streams while a session holds more than this, in megabytes; it must exceed the windows. */
export const sessionMemoryMegabytes = 128;
