import { Code, ConnectError, type ServiceImpl } from "@connectrpc/connect";
import type { RaftService } from "@raftkv/proto/raft";
import type { Logger } from "@raftkv/raft-core";
import { WireError } from "../codec/wire-error.ts";
import { errorText } from "../error-text.ts";
import { decodeIntroducer, encodeIntroduction, type Introducer, type Introduction } from "../introduce/introduction.ts";
import { handleMessages, type MessagesHandlerOptions } from "./messages-handler.ts";
import { handleSnapshot, type SnapshotHandlerOptions } from "./snapshot-handler.ts";

export interface RaftServiceOptions extends MessagesHandlerOptions, SnapshotHandlerOptions {
  readonly logger: Logger;
  readonly onIntroduce: (from: Introducer) => Introduction | Promise<Introduction>;
}

/** What peers call. No error leaves it that is not a `ConnectError` with a message for the peer's log. */
export function raftService(options: RaftServiceOptions): ServiceImpl<typeof RaftService> {
  return {
    async *messages(requests, context) {
      try {
        yield* handleMessages(requests, context, options);
      } catch (error) {
        throw answerTo(error, options.logger);
      }
    },
    async installSnapshot(requests, context) {
      try {
        return await handleSnapshot(requests, context, options);
      } catch (error) {
        throw answerTo(error, options.logger);
      }
    },
    async introduce(request) {
      try {
        return encodeIntroduction(await options.onIntroduce(decodeIntroducer(request)));
      } catch (error) {
        throw answerTo(error, options.logger);
      }
    },
  };
}

function answerTo(error: unknown, logger: Logger): ConnectError {
  if (error instanceof ConnectError) return error;
  if (error instanceof WireError) {
    logger.warn(`closed a peer's stream: ${error.message}`);
    return new ConnectError(error.message, Code.InvalidArgument);
  }
  logger.error(`a call from a peer has failed: ${errorText(error)}`);
  return new ConnectError(errorText(error), Code.Internal, undefined, undefined, error);
}
