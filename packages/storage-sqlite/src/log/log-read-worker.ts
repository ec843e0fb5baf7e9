import type { Inbox } from "../thread/inbox.ts";
import { type Served, type Service, serve } from "../thread/serve.ts";
import { LogReading } from "./log-reading.ts";
import type { LogReadAnswer, LogReadRequest } from "./protocol.ts";

/** The thread that reads `raft.db`: a follower that catches up must not wait for commits, nor commits for it. */
class LogReadService implements Service<LogReadRequest, LogReadAnswer> {
  file = "raft.db";
  #reading: LogReading | undefined;

  next(inbox: Inbox<LogReadRequest>): Served<LogReadAnswer> {
    const envelope = inbox.take();
    if (envelope === undefined) throw new Error("nothing to serve");
    const { id, request } = envelope;
    switch (request.kind) {
      case "read": {
        this.file = request.raftDb;
        this.#reading ??= LogReading.open(request.raftDb);
        const blocks = this.#reading.read(request.from, request.to, request.maxBytes);
        return { through: id, answer: { kind: "read", blocks }, transfer: blocks.map(({ body }) => body.buffer) };
      }
      case "close":
        this.#reading?.close();
        return { through: id, answer: { kind: "closed" }, last: true };
    }
  }

  rest(): void {}
}

serve(new LogReadService());
