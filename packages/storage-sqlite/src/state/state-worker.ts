import type { Inbox } from "../thread/inbox.ts";
import { type Served, type Service, serve } from "../thread/serve.ts";
import type { StateAnswer, StateRequest } from "./protocol.ts";
import { openStateDatabase } from "./state-database.ts";
import { OpenView } from "./state-view.ts";
import { StateWriter } from "./state-writer.ts";

/** The thread that writes `kv.db`, and steps through it for the views. */
class StateService implements Service<StateRequest, StateAnswer> {
  file = "kv.db";
  #writer: StateWriter | undefined;
  readonly #views = new Map<number, OpenView>();
  #lastView = 0;

  next(inbox: Inbox<StateRequest>): Served<StateAnswer> {
    const envelope = inbox.take();
    if (envelope === undefined) throw new Error("nothing to serve");
    const answer = this.#answer(envelope.request);
    const transfer = answer.kind === "rows" ? [answer.rows.bytes.buffer] : [];
    return { through: envelope.id, answer, transfer, last: answer.kind === "closed" };
  }

  rest(): void {
    this.#writer?.checkpointIfLong();
  }

  #answer(request: StateRequest): StateAnswer {
    switch (request.kind) {
      case "open":
        return this.#open(request.kvDb, request.memberId);
      case "openView":
        return this.#openView();
      case "viewRows":
        return { kind: "rows", rows: this.#view(request.view).rowsAfter(request.after) };
      case "closeView":
        this.#view(request.view).close();
        this.#views.delete(request.view);
        return this.#done();
      case "close":
        for (const view of this.#views.values()) view.close();
        this.#opened().close();
        this.#writer = undefined;
        return { kind: "closed" };
      default:
        this.#write(request);
        return this.#done();
    }
  }

  #write(request: Extract<StateRequest, { kind: "write" | `${string}Replace` | "replaceRows" }>): void {
    const writer = this.#opened();
    switch (request.kind) {
      case "write":
        writer.write(request.changes, request.applied);
        return;
      case "beginReplace":
        writer.beginReplace();
        return;
      case "replaceRows":
        writer.replaceRows(request.rows);
        return;
      case "commitReplace":
        writer.commitReplace(request.applied);
        return;
      case "abortReplace":
        writer.abortReplace();
    }
  }

  #open(kvDb: string, memberId: string): StateAnswer {
    this.file = kvDb;
    this.#writer = new StateWriter(openStateDatabase(kvDb, memberId), kvDb);
    return { kind: "opened", applied: this.#writer.applied(), size: this.#writer.size() };
  }

  #openView(): StateAnswer {
    const view = new OpenView(this.file);
    this.#views.set(++this.#lastView, view);
    return { kind: "view", view: this.#lastView, appliedIndex: view.appliedIndex };
  }

  #view(id: number): OpenView {
    const view = this.#views.get(id);
    if (view === undefined) throw new Error(`there is no view ${id}`);
    return view;
  }

  #opened(): StateWriter {
    if (this.#writer === undefined) throw new Error("the state is not open");
    return this.#writer;
  }

  #done(): StateAnswer {
    return { kind: "done", size: this.#opened().size() };
  }
}

serve(new StateService());
