import type { ServiceImpl } from "@connectrpc/connect";
import type { RaftService } from "@raftkv/proto/raft";
import { decodeIntroducer, encodeIntroduction, type Introducer, type Introduction } from "../introduce/introduction.ts";
import type { AnswerTo } from "./answers.ts";
import { handleOffer, handleSnapshot, type SnapshotHandlerOptions } from "./snapshot-handler.ts";

export interface RaftServiceOptions extends SnapshotHandlerOptions {
  readonly onIntroduce: (from: Introducer) => Introduction | Promise<Introduction>;
  readonly answerTo: AnswerTo;
}

/**
 * What peers call, but for the streams of messages. No error leaves it that is not a `ConnectError` with a message for the
 * peer's log.
 */
export function raftService(options: RaftServiceOptions): Omit<ServiceImpl<typeof RaftService>, "messages"> {
  const { answerTo } = options;
  return {
    async offerSnapshot(request, context) {
      try {
        return await handleOffer(request, options);
      } catch (error) {
        throw answerTo(error, context.signal.aborted);
      }
    },
    async installSnapshot(requests, context) {
      try {
        return await handleSnapshot(requests, context, options);
      } catch (error) {
        throw answerTo(error, context.signal.aborted);
      }
    },
    async introduce(request, context) {
      try {
        return encodeIntroduction(await options.onIntroduce(decodeIntroducer(request)));
      } catch (error) {
        throw answerTo(error, context.signal.aborted);
      }
    },
  };
}
