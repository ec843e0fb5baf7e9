import type { Facts, Finding } from "./facts.ts";
import { Floor } from "./floor.ts";

/**
 * The operations of one client take effect in the order issued, also where it does not wait for the answers: its writes
 * have ascending revisions, and it reads nothing older than what it has written or read before. Operations at the same
 * time have no order; operations without a client are nobody's.
 */
export function checkSessionOrder(history: readonly Facts[]): Finding[] {
  return inOrderOfCalls(history, "order of a client's operations");
}

/** A client never reads older than it has read before: also true of reads that any one member answers from its own state. */
export function checkMonotonicReads(history: readonly Facts[]): Finding[] {
  return inOrderOfCalls(
    history.filter(({ writes }) => writes.length === 0),
    "monotonic reads",
  );
}

function inOrderOfCalls(history: readonly Facts[], promise: string): Finding[] {
  const findings: Finding[] = [];
  const floors = new Map<string, { readonly floor: Floor; readonly waiting: Facts[] }>();
  const byCall = [...history].sort((a, b) => a.operation.calledAt - b.operation.calledAt);
  for (const facts of byCall) {
    const { client, calledAt, answeredAt } = facts.operation;
    if (client === undefined || answeredAt === undefined) continue;
    const { floor, waiting } = floors.get(client) ?? { floor: new Floor(), waiting: [] };
    floors.set(client, { floor, waiting });
    if (waiting[0] !== undefined && waiting[0].operation.calledAt < calledAt) {
      for (const before of waiting.splice(0)) floor.raise(before);
    }
    const below = floor.below(facts);
    if (below !== undefined) {
      findings.push({ promise, message: `client ${client} ${below.message}`, operations: [below.by, facts.operation] });
    }
    waiting.push(facts);
  }
  return findings;
}
