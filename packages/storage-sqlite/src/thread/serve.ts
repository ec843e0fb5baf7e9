import { type MessagePort, parentPort } from "node:worker_threads";
import { runningError } from "../sqlite/sqlite-error.ts";
import { Inbox } from "./inbox.ts";
import type { Envelope, Reply } from "./messages.ts";

/** What a worker makes of the requests in its inbox: one of them, or a group that shares a commit. */
export interface Service<Request, Answer> {
  /** The file that an unexpected error is about. */
  readonly file: string;
  /** Takes at least one request. Throwing ends the service for good. */
  next(inbox: Inbox<Request>): Served<Answer>;
  /** Called when there is nothing to answer just now, after each answer. */
  rest(): void;
}

export interface Served<Answer> {
  readonly through: number;
  readonly answer: Answer;
  readonly transfer?: readonly ArrayBuffer[];
  /** The last answer: the port is closed after it, and the thread ends. */
  readonly last?: boolean;
}

/** Runs a worker's side of the conversation. After the first error nothing is carried out any more. */
export function serve<Request, Answer>(service: Service<Request, Answer>): void {
  const port = parentPort;
  if (port === null) throw new Error("this module runs in a worker thread only");
  const inbox = new Inbox<Request>(port);
  let failed = false;
  port.on("message", (envelope: Envelope<Request>) => {
    if (failed) return;
    inbox.put(envelope);
    try {
      while (inbox.peek() !== undefined) answer(port, service.next(inbox), service);
    } catch (error) {
      failed = true;
      const { code, message } = runningError(error, service.file, "working on");
      const reply: Reply<Answer> = { kind: "failed", code, message };
      port.postMessage(reply);
    }
  });
}

function answer<Answer>(port: MessagePort, served: Served<Answer>, service: { rest(): void }): void {
  const reply: Reply<Answer> = { kind: "done", through: served.through, answer: served.answer };
  port.postMessage(reply, served.transfer ?? []);
  if (served.last) port.close();
  else service.rest();
}
