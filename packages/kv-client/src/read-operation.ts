import type { GetResult, RangeResult, ReadResult, ReadOperation as WireReadOperation } from "@raftkv/proto/kv";
import type { Call } from "./call.ts";
import { KeyValue } from "./key-value.ts";
import { type Answering, answering, Operation, type OperationRequest } from "./operation.ts";
import type { ReadNeeds } from "./read-needs.ts";

/** What a read wants, and how its answer is told. */
export interface ReadRequest<T> extends OperationRequest<T, ReadResult["result"]> {
  readonly needs: ReadNeeds;
  readonly operation: WireReadOperation["operation"];
  /** How much of a batch it takes up, as its answer may be large. */
  readonly weight: number;
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
export class ReadOperation extends Operation<ReadResult["result"]> {
  readonly needs: ReadNeeds;
  readonly weight: number;
  readonly wire: WireReadOperation["operation"];
  /** A batch with it was refused as a whole: it goes alone, to find out whose fault that was. */
  alone = false;
  /** Why it is asked for again: the cluster had not come to the revision that it needs. */
  futureRevision: string | undefined;

  private constructor(request: ReadRequest<unknown>, answer: Answering<ReadResult["result"]>) {
    super(request, answer, false);
    this.needs = request.needs;
    this.weight = request.weight;
    this.wire = request.operation;
  }

  static of<T>(request: ReadRequest<T>, call: Call<T>): ReadOperation {
    return new ReadOperation(request, answering(request, call));
  }
}

function toEntry(result: GetResult): KeyValue | undefined {
  return result.entry === undefined ? undefined : new KeyValue(result.entry);
}

function toPage(result: RangeResult): Page {
  return { entries: result.entries.map((entry) => new KeyValue(entry)), next: result.next };
}
