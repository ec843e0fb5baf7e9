import type { KeyValue } from "@raftkv/kv-client";
import { leaseCalled } from "../history/models/leased-operation.ts";
import type { LeasedEntry } from "../history/models/store-operation.ts";

/** What a real client tells of a key, in the words of the models, and in their order. */
export function entryOf({ key, text: value, version, createRevision, modRevision, leaseId }: KeyValue): LeasedEntry {
  return { key, value, version, createRevision, modRevision, leaseId: leaseCalled(leaseId) };
}
