import type { GetResult, RangeResult, ReadResult, ReadOperation as WireReadOperation } from "@raftkv/proto/kv";
import type { Call } from "./call.ts";
import { RaftKvError } from "./error.ts";
import { KeyValue } from "./key-value.ts";
import type { ReadNeeds } from "./read-needs.ts";

/** What a read wants, and how its answer is told. */
export interface ReadRequest<T> {
  /** For messages: "get". */
  readonly name: string;
  readonly needs: ReadNeeds;
  readonly operation: WireReadOperation["operation"];
  /** How much of a batch it takes up, as its answer may be large. */
  readonly weight: number;
  /** Undefined: this is not the answer to such a read. */
  readonly toResult: (result: ReadResult["result"]) => T | undefined;
}

/** The answer to one read, or to one page. */
export interface Page {
  readonly entries: readonly KeyValue[];
  /** Where the next page begins; empty: this was the last. */
  readonly next: Uint8Array;
}

export function getRequest(key: Uint8Array, needs: ReadNeeds): ReadRequest<{ entry: KeyValue | undefined }> {
  return {
    name: "get",
    needs,
    operation: { case: "get", value: { $typeName: "raftkv.kv.v1.GetOperation", key } },
    weight: 1,
    toResult: (result) => (result.case === "get" ? { entry: toEntry(result.value) } : undefined),
  };
}

export interface PageBounds {
  readonly from: Uint8Array;
  readonly to: Uint8Array;
  readonly limit: number;
  readonly keysOnly: boolean;
}

/** A page may be large: only a few share a batch. */
const pageWeight = 64;

export function pageRequest(bounds: PageBounds, needs: ReadNeeds): ReadRequest<Page> {
  return {
    name: "range",
    needs,
    operation: { case: "range", value: { $typeName: "raftkv.kv.v1.RangeOperation", ...bounds } },
    weight: pageWeight,
    toResult: (result) => (result.case === "range" ? toPage(result.value) : undefined),
  };
}

/** One read on its way. It can be sent as often as it takes. */
export class ReadOperation {
  readonly name: string;
  readonly needs: ReadNeeds;
  readonly weight: number;
  readonly wire: WireReadOperation["operation"];
  /** A batch with it was refused as a whole: it goes alone, to find out whose fault that was. */
  alone = false;
  /** Why it is asked for again: the cluster had not come to the revision that it needs. */
  futureRevision: string | undefined;
  readonly #call: Pick<Call<unknown>, "settled" | "done" | "reject" | "close">;
  readonly #resolve: (result: ReadResult["result"]) => boolean;

  private constructor(
    request: ReadRequest<unknown>,
    call: Pick<Call<unknown>, "settled" | "done" | "reject" | "close">,
    resolve: (result: ReadResult["result"]) => boolean,
  ) {
    this.name = request.name;
    this.needs = request.needs;
    this.weight = request.weight;
    this.wire = request.operation;
    this.#call = call;
    this.#resolve = resolve;
  }

  static of<T>(request: ReadRequest<T>, call: Call<T>): ReadOperation {
    return new ReadOperation(request, call, (result) => {
      const value = request.toResult(result);
      if (value !== undefined) call.resolve(value);
      return value !== undefined;
    });
  }

  get settled(): boolean {
    return this.#call.settled;
  }

  /** Resolves when `settled`. */
  get done(): Promise<void> {
    return this.#call.done;
  }

  answer(result: ReadResult["result"]): void {
    try {
      if (this.settled || this.#resolve(result)) return;
      this.reject(this.#protocolError(String(result.case)));
    } catch (error) {
      this.reject(error instanceof RaftKvError ? error : this.#protocolError(String(error)));
    }
  }

  reject(error: RaftKvError): void {
    this.#call.reject(error);
  }

  /** Rejects it as given up by the client. */
  close(): void {
    this.#call.close();
  }

  #protocolError(found: string): RaftKvError {
    const message = `${this.name}: the node answered with "${found}": do the versions of client and node fit together?`;
    return new RaftKvError("INTERNAL", message);
  }
}

function toEntry(result: GetResult): KeyValue | undefined {
  return result.entry === undefined ? undefined : new KeyValue(result.entry);
}

function toPage(result: RangeResult): Page {
  return { entries: result.entries.map((entry) => new KeyValue(entry)), next: result.next };
}
