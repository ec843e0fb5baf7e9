import { describe, expect, it } from "vitest";
import type { Entry } from "../algorithm/entry.ts";
import { Proposals } from "./proposals.ts";
import { RaftError } from "./raft-error.ts";

/** Proposes, and has the algorithm append it at once. */
function appended(proposals: Proposals<string>, term: number, index: number): Promise<string> {
  let id = 0;
  const result = proposals.add((given) => {
    id = given;
  });
  proposals.settle({ kind: "appended", id, first: { term, index }, count: 1 });
  return result;
}

function entry(term: number, index: number): Entry {
  return { kind: "noop", term, index };
}

describe("proposals", () => {
  it("resolve with the result of their own entry", async () => {
    const proposals = new Proposals<string>();
    const [first, second] = [appended(proposals, 1, 4), appended(proposals, 1, 5)];
    proposals.applied([entry(1, 3), entry(1, 4), entry(1, 5)], ["three", "four", "five"]);
    expect(await first).toBe("four");
    expect(await second).toBe("five");
  });

  it("reject where another leader's entry was applied at their index", async () => {
    const proposals = new Proposals<string>();
    const result = appended(proposals, 1, 4);
    proposals.roleChanged(2, false, 3, 4);
    proposals.applied([entry(2, 4)], ["another's"]);
    await expect(result).rejects.toMatchObject({ code: "superseded" });
  });

  it("are answered after leadership was lost, as far as they were committed before", async () => {
    const proposals = new Proposals<string>();
    const [committed, open] = [appended(proposals, 1, 4), appended(proposals, 1, 5)];
    proposals.roleChanged(2, false, 3, 4);
    await expect(open).rejects.toMatchObject({ code: "outcomeUnknown", leader: 3 });
    proposals.applied([entry(1, 4)], ["four"]);
    expect(await committed).toBe("four");
  });

  it("of an earlier term are given up, those of the new one kept, when the node leads again", async () => {
    const proposals = new Proposals<string>();
    const [old, fresh] = [appended(proposals, 1, 4), appended(proposals, 3, 5)];
    proposals.roleChanged(3, true, 1, 2);
    await expect(old).rejects.toMatchObject({ code: "outcomeUnknown" });
    proposals.applied([entry(3, 5)], ["five"]);
    expect(await fresh).toBe("five");
  });

  it("have an unknown outcome once a snapshot has replaced their entries", async () => {
    const proposals = new Proposals<string>();
    const [covered, beyond] = [appended(proposals, 1, 4), appended(proposals, 1, 5)];
    proposals.restored(4);
    await expect(covered).rejects.toMatchObject({ code: "outcomeUnknown" });
    proposals.applied([entry(1, 5)], ["five"]);
    expect(await beyond).toBe("five");
  });

  it("are told apart at the end: those that reached the log, and those that did not", async () => {
    const proposals = new Proposals<string>();
    const inLog = appended(proposals, 1, 4);
    const submitted = proposals.add(() => {});
    proposals.rejectAll(new RaftError("closed", "closed"), new RaftError("outcomeUnknown", "closed"));
    await expect(inLog).rejects.toMatchObject({ code: "outcomeUnknown" });
    await expect(submitted).rejects.toMatchObject({ code: "closed" });
  });
});
