import { expect, test } from "vitest";
import { type ChangePosition, startOf } from "../../state/change-position.ts";
import { bytes } from "../../test-rig/command-log.ts";
import { SharedEvent } from "./event-body.ts";
import { ToldEvents, ToldPiece } from "./told-events.ts";

/** "3.1b": the second write of revision 3, to the key b. */
function event(text: string, size = 1): SharedEvent {
  const [, revision = "", sub = "0", key = ""] = /^(\d+)(?:\.(\d+))?(.*)$/.exec(text) ?? [];
  const at = { revision: Number(revision), sub: Number(sub) };
  const value = new Uint8Array(size);
  const revisions = { createRevision: at.revision, modRevision: at.revision, version: 1, leaseId: 0 };
  const entry = { key: bytes(key), value, ...revisions };
  return new SharedEvent({ id: key, key: bytes(key), ...at, entry, previous: undefined });
}

function text(piece: ToldPiece): string {
  const { events, throughRevision } = piece.body.message();
  const keys = events.map(({ entry }) => `${entry?.modRevision}${Buffer.from(entry?.key ?? [])}`);
  return `${keys.join(" ")} through ${throughRevision}`;
}

function shown(events: readonly SharedEvent[], next: ChangePosition): readonly string[] {
  return new ToldEvents(events, next).pieces.map(text);
}

const large = 200_000;

test("what changed at one revision stands in one response while it is small, and the last response says how far all is told", () => {
  expect(shown([event("2a"), event("2.1b"), event("3c")], startOf(10))).toEqual(["2a 2b 3c through 9"]);
  const events = [event("2a", large), event("3a"), event("3.1b", large), event("5c", large)];
  expect(shown(events, startOf(10))).toEqual(["2a through 2", "3a 3b through 3", "5c through 9"]);
});

test("a large revision is split, and only the last of it says that it is told, or what follows later", () => {
  const events = [event("2z"), event("3a", large), event("3.1b", large), event("3.2c", large), event("4d")];
  const split = ["2z through 2", "3a through 2", "3b through 2", "3c 4d through 4"];
  expect(shown(events, startOf(5))).toEqual(split);
  expect(shown(events.slice(0, 3), { revision: 3, sub: 2 })).toEqual([...split.slice(0, 2), "3b through 2"]);
});

test("of a piece that part is told which was not, as far as credit goes, but whole revisions and one at least", () => {
  const events = [event("3a"), event("3.1b"), event("4a"), event("4.1b"), event("6a")];
  const credit = 66;
  const piece = new ToldPiece(events, startOf(7));
  const part = (revision: number, sub: number, left: number) => {
    const told = piece.part({ revision, sub }, left);
    return [text(told), told.credit, told.next];
  };
  expect(piece.part(startOf(3), 5 * credit)).toBe(piece);
  expect(part(3, 0, 1)).toEqual(["3a 3b through 3", 2 * credit, startOf(4)]);
  expect(part(3, 1, -5)).toEqual(["3b through 3", credit, startOf(4)]);
  expect(part(3, 1, 3 * credit)).toEqual(["3b 4a 4b through 4", 3 * credit, startOf(5)]);
  expect(part(4, 0, 9 * credit)).toEqual(["4a 4b 6a through 6", 3 * credit, startOf(7)]);
  expect(part(6, 1, 9 * credit)).toEqual([" through 6", 0, startOf(7)]);
});
