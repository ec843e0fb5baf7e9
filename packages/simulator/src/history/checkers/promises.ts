import { checkExactlyOnce } from "./exactly-once.ts";
import type { Facts, Finding } from "./facts.ts";
import { checkRevisionOrder } from "./revision-order.ts";
import { checkMonotonicReads, checkSessionOrder } from "./session-order.ts";

/** Every promise about revisions and clients that a history breaks: see the checkers for each. */
export function promisesBroken(facts: readonly Facts[]): Finding[] {
  return [checkExactlyOnce, checkRevisionOrder, checkSessionOrder, checkMonotonicReads].flatMap((check) =>
    check(facts),
  );
}
