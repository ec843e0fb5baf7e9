import { Code, ConnectError } from "@connectrpc/connect";
import type { Logger } from "@raftkv/raft-core";
import { ChangeLog } from "../change-log.ts";
import { WireError } from "../codec/wire-error.ts";
import { errorText } from "../error-text.ts";

/** What a call that has failed is answered with; `isGone`: its caller is. */
export type AnswerTo = (error: unknown, isGone: boolean) => ConnectError;

/** Logs what is new: strangers can send anything, as often as they like. */
export function answers(logger: Logger): AnswerTo {
  const news = new ChangeLog();
  return (error, isGone) => {
    if (error instanceof ConnectError) return error;
    const text = errorText(error);
    if (error instanceof WireError) {
      if (news.isNews(text, "said")) logger.warn(`closed a peer's stream: ${text}`);
      return new ConnectError(text, Code.InvalidArgument);
    }
    if (isGone || isBrokenOff(error)) return new ConnectError(text, Code.Canceled, undefined, undefined, error);
    logger.error(`a call from a peer has failed: ${text}`);
    return new ConnectError(text, Code.Internal, undefined, undefined, error);
  };
}

/** The caller's connection has ended in the middle of the call. */
function isBrokenOff(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "ERR_STREAM_PREMATURE_CLOSE";
}
