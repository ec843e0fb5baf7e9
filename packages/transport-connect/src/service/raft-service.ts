import { Code, ConnectError, type ServiceImpl } from "@connectrpc/connect";
import type { RaftService } from "@raftkv/proto/raft";
import type { Logger } from "@raftkv/raft-core";
import { ChangeLog } from "../change-log.ts";
import { WireError } from "../codec/wire-error.ts";
import { errorText } from "../error-text.ts";
import { decodeIntroducer, encodeIntroduction, type Introducer, type Introduction } from "../introduce/introduction.ts";
import { handleMessages, type MessagesHandlerOptions } from "./messages-handler.ts";
import { handleOffer, handleSnapshot, type SnapshotHandlerOptions } from "./snapshot-handler.ts";

export interface RaftServiceOptions extends MessagesHandlerOptions, SnapshotHandlerOptions {
  readonly logger: Logger;
  readonly onIntroduce: (from: Introducer) => Introduction | Promise<Introduction>;
}

/** What peers call. No error leaves it that is not a `ConnectError` with a message for the peer's log. */
export function raftService(options: RaftServiceOptions): ServiceImpl<typeof RaftService> {
  const answerTo = answers(options.logger);
  return {
    async *messages(requests, context) {
      try {
        yield* handleMessages(requests, context, options);
      } catch (error) {
        throw answerTo(error, context.signal);
      }
    },
    async offerSnapshot(request, context) {
      try {
        return await handleOffer(request, options);
      } catch (error) {
        throw answerTo(error, context.signal);
      }
    },
    async installSnapshot(requests, context) {
      try {
        return await handleSnapshot(requests, context, options);
      } catch (error) {
        throw answerTo(error, context.signal);
      }
    },
    async introduce(request, context) {
      try {
        return encodeIntroduction(await options.onIntroduce(decodeIntroducer(request)));
      } catch (error) {
        throw answerTo(error, context.signal);
      }
    },
  };
}

/** Logs what is new: strangers can send anything, as often as they like. */
function answers(logger: Logger): (error: unknown, signal: AbortSignal) => ConnectError {
  const news = new ChangeLog();
  return (error, signal) => {
    if (error instanceof ConnectError) return error;
    const text = errorText(error);
    if (error instanceof WireError) {
      if (news.isNews(text, "said")) logger.warn(`closed a peer's stream: ${text}`);
      return new ConnectError(text, Code.InvalidArgument);
    }
    if (isBrokenOff(error, signal)) return new ConnectError(text, Code.Canceled, undefined, undefined, error);
    logger.error(`a call from a peer has failed: ${text}`);
    return new ConnectError(text, Code.Internal, undefined, undefined, error);
  };
}

/** The caller is gone: its connection has ended in the middle of the call. */
function isBrokenOff(error: unknown, signal: AbortSignal): boolean {
  if (signal.aborted) return true;
  return error instanceof Error && "code" in error && error.code === "ERR_STREAM_PREMATURE_CLOSE";
}
