import { seededRandom } from "@raftkv/raft-core/testing";
import { describe, expect, it } from "vitest";
import { EtcdStore, isEtcdInstalled } from "./etcd-store.ts";
import { RaftkvStore } from "./raftkv-store.ts";
import { type Revisions, randomRequest } from "./random-request.ts";
import { type Answer, comparableEntries, type Request, type StepRequest } from "./request.ts";

const installed = isEtcdInstalled();
const title = installed
  ? "a real etcd and raftkv answer alike"
  : "a real etcd and raftkv answer alike: skipped, as no etcd is installed here (etcd-server in Debian)";

/** Requests a seed. */
const REQUESTS = 500;

describe.skipIf(!installed)(title, () => {
  for (const seed of [1, 2]) {
    it(`${REQUESTS} puts, deletions, ranges, transactions, leases and compactions, revisions included: seed ${seed}`, async () => {
      await using etcd = await EtcdStore.start();
      await using raftkv = await RaftkvStore.start();
      const random = seededRandom(seed);
      const revisions: Revisions = { newest: 1, earliest: 1 };
      const seen = new Set<string>();
      for (let i = 0; i < REQUESTS; i++) {
        const request = randomRequest(random, revisions);
        const ours = await raftkv.ask(request);
        if (mayBeRefusedByOneOnly(request, ours)) continue;
        const theirs = await etcd.ask(request);
        const expected = comparable(request, theirs);
        expect(comparable(request, ours), `request ${i}: ${JSON.stringify(request)}`).toEqual(expected);
        follow(revisions, request, theirs);
        seen.add(theirs.kind === "error" ? theirs.error : theirs.kind);
      }
      // Every kind of answer has been compared.
      expect([...seen].sort()).toEqual([
        "compact",
        "compacted",
        "count",
        "delete",
        "duplicate key",
        "future revision",
        "get",
        "grantLease",
        "lease exists",
        "lease not found",
        "put",
        "range",
        "revokeLease",
        "transaction",
      ]);
    });
  }
});

/** etcd misses some of the keys that are written twice: over nested transactions, and where a deletion goes to the last key. */
function mayBeRefusedByOneOnly(request: Request, answer: Answer): boolean {
  if (request.kind !== "transaction" || answer.kind !== "error" || answer.error !== "duplicate key") return false;
  const { success, failure } = request.transaction;
  return [...success, ...failure].some(
    (step) => step.kind === "transaction" || (step.kind === "deleteRange" && step.to === ""),
  );
}

function follow(revisions: Revisions, request: Request, answer: Answer): void {
  if ("revision" in answer) revisions.newest = answer.revision;
  if (request.kind === "compact" && answer.kind === "compact") revisions.earliest = request.revision;
}

/** What of an answer both have to say alike; see `docs/etcd-differences.md`. */
function comparable(request: Request | StepRequest, answer: Answer, isStep = false): unknown {
  if (answer.kind === "range" && request.kind === "range") {
    // The client hands out what there is, page by page: only within transactions it says that there is more.
    const more = isStep ? { more: answer.more } : {};
    return { kind: "range", entries: comparableEntries(request, answer.entries), ...more };
  }
  if (answer.kind === "transaction" && request.kind === "transaction") {
    const steps = answer.succeeded ? request.transaction.success : request.transaction.failure;
    const results = answer.results.map((result, i) => {
      const step = steps[i];
      return step === undefined ? result : comparable(step, result, true);
    });
    // Of a nested transaction etcd leaves the revision out.
    return { ...answer, results, ...(isStep ? { revision: undefined } : {}) };
  }
  return answer;
}
