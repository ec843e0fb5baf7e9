import type { Connection } from "../sqlite/connection.ts";
import type { Inbox } from "../thread/inbox.ts";
import type { Envelope } from "../thread/messages.ts";
import { type Served, type Service, serve } from "../thread/serve.ts";
import { gatherChanges, isChange } from "./group-commit.ts";
import { createLog, openLogDatabase, openWitness } from "./log-database.ts";
import { LogStore } from "./log-store.ts";
import type { LogAnswer, LogRequest } from "./protocol.ts";

/** The thread that owns `raft.db`: a commit is a sync, and the event loop of the node must not wait for one. */
class LogService implements Service<LogRequest, LogAnswer> {
  file = "raft.db";
  #witnessFile = "witness";
  #connection: Connection | undefined;
  #store: LogStore | undefined;

  next(inbox: Inbox<LogRequest>): Served<LogAnswer> {
    const changes = gatherChanges(inbox);
    const through = changes.at(-1)?.id;
    if (through === undefined) return this.#serveOne(inbox.take());
    const store = this.#started();
    store.apply(changes.map(({ request }) => request));
    return { through, answer: { kind: "durable", status: store.status() } };
  }

  rest(): void {
    this.#store?.checkpointIfLong();
  }

  #serveOne(envelope: Envelope<LogRequest> | undefined): Served<LogAnswer> {
    if (envelope === undefined) throw new Error("nothing to serve");
    const { id, request } = envelope;
    if (isChange(request)) throw new Error(`a ${request.kind} belongs into a group`);
    const answer = this.#answer(request);
    return { through: id, answer, last: answer.kind === "closed" };
  }

  #answer(request: Exclude<LogRequest, { kind: "write" | "form" | "compact" }>): LogAnswer {
    switch (request.kind) {
      case "open":
        return this.#open(request.raftDb, request.witness);
      case "create": {
        const found = createLog(this.#opened(), this.file, request.nodeId, request.memberId);
        return { kind: "opened", found };
      }
      case "start":
        return this.#start();
      case "load":
        return { kind: "loaded", state: this.#started().load() };
      case "close":
        this.#started().close();
        this.#store = undefined;
        return { kind: "closed" };
    }
  }

  #open(raftDb: string, witness: string): LogAnswer {
    this.file = raftDb;
    this.#witnessFile = witness;
    const { connection, found } = openLogDatabase(raftDb, witness);
    this.#connection = connection;
    return { kind: "opened", found };
  }

  #start(): LogAnswer {
    const connection = this.#opened();
    const witness = openWitness(connection, this.file, this.#witnessFile);
    const store = new LogStore(connection, this.file, witness);
    const identity = store.start();
    this.#store = store;
    return { kind: "started", identity, status: store.status() };
  }

  #opened(): Connection {
    if (this.#connection === undefined) throw new Error("the log is not open");
    return this.#connection;
  }

  #started(): LogStore {
    if (this.#store === undefined) throw new Error("the log is not started");
    return this.#store;
  }
}

serve(new LogService());
