import type { Http2Stream } from "node:http2";
import { type DescMessage, fromBinary, type MessageShape } from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import { EnvelopeReader } from "./envelope-reader.ts";

/** Reads messages off a stream until it ends, or until one of them, or whoever takes it, is at fault. */
export function readMessages<Desc extends DescMessage>(
  stream: Http2Stream,
  schema: Desc,
  maxBytes: number,
  take: (message: MessageShape<Desc>) => void,
  fail: (error: unknown) => void,
): void {
  const reader = new EnvelopeReader(maxBytes);
  let isOver = false;
  const end = (error: unknown): void => {
    isOver = true;
    fail(error);
  };
  stream.on("data", (chunk: Buffer) => {
    if (isOver) return;
    try {
      reader.read(chunk, (bytes) => take(parse(schema, bytes)));
    } catch (error) {
      end(error);
    }
  });
  stream.on("end", () => {
    if (!isOver && !reader.isEmpty)
      end(new ConnectError("the stream ends in the middle of a message", Code.InvalidArgument));
  });
}

function parse<Desc extends DescMessage>(schema: Desc, bytes: Uint8Array): MessageShape<Desc> {
  try {
    return fromBinary(schema, bytes);
  } catch (error) {
    throw new ConnectError(`a message is no ${schema.typeName}: ${String(error)}`, Code.InvalidArgument);
  }
}
