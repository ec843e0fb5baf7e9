import type { ConnectError } from "@connectrpc/connect";

/** What one end of a call hears of the other. Nothing is called from within `send` or `end`. */
export interface StreamListener<Message> {
  /** What it throws ends the call: with a `ConnectError` as it is, else as an internal error. */
  message(message: Message): void;
  /** There is room again, after `send` has returned false. */
  drained(): void;
  /** The other end has said its last. A client hears `closed` instead. */
  ended(): void;
  /** Nothing comes or goes any more. Called once; undefined: the call has ended well. */
  closed(error: ConnectError | undefined): void;
}
