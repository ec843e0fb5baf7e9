import { encodeEnvelope } from "@raftkv/grpc-stream";
import { MessagesRequestSchema } from "@raftkv/proto/raft";
import type { Message } from "@raftkv/raft-core";
import { encodeMessage } from "../codec/message-codec.ts";

/**
 * Encodes what goes to peers, as it stands on the stream. A leader's heartbeat is mostly the same message for all of them,
 * and is encoded once.
 */
export class BatchEncoder {
  #last: { readonly heartbeat: Message; readonly envelope: Uint8Array } | undefined;

  encode(messages: readonly Message[]): Uint8Array {
    const [heartbeat] = messages;
    if (messages.length > 1 || heartbeat?.kind !== "heartbeatRequest") return encodeBatch(messages);
    if (this.#last?.heartbeat !== heartbeat) this.#last = { heartbeat, envelope: encodeBatch(messages) };
    return this.#last.envelope;
  }
}

function encodeBatch(messages: readonly Message[]): Uint8Array {
  return encodeEnvelope(MessagesRequestSchema, {
    $typeName: "raftkv.raft.v1.MessagesRequest",
    request: {
      case: "batch",
      value: { $typeName: "raftkv.raft.v1.MessageBatch", messages: messages.map(encodeMessage) },
    },
  });
}
