import { expect, test } from "vitest";
import { bytes } from "../../test-rig/command-log.ts";
import { SharedEvent } from "./event-body.ts";
import { bodiesOf, byRevision } from "./told-events.ts";

function event(revision: number, key: string, size = 1): SharedEvent {
  const value = new Uint8Array(size);
  const entry = { key: bytes(key), value, createRevision: revision, modRevision: revision, version: 1, leaseId: 0 };
  return new SharedEvent({ id: key, key: bytes(key), revision, entry, previous: undefined });
}

function shown(events: readonly SharedEvent[], through: number, fragments: boolean): readonly string[] {
  return bodiesOf(byRevision(events), through, fragments).map((body) => {
    const message = body.message();
    const keys = message.events.map(({ entry }) => `${entry?.modRevision}${Buffer.from(entry?.key ?? [])}`);
    return `${keys.join(" ")} through ${message.throughRevision}`;
  });
}

const large = 200_000;

test("what changed at one revision stands in one response, and the last response says how far all has been told", () => {
  expect(shown([event(2, "a"), event(2, "b"), event(3, "c")], 9, false)).toEqual(["2a 2b 3c through 9"]);
  const events = [event(2, "a", large), event(3, "a", large), event(3, "b", large), event(5, "c", large)];
  expect(shown(events, 9, false)).toEqual(["2a through 2", "3a 3b through 3", "5c through 9"]);
});

test("only where fragments are wanted is a revision split, and only the last fragment says that it is told", () => {
  const events = [event(2, "z"), event(3, "a", large), event(3, "b", large), event(3, "c", large), event(4, "d")];
  expect(shown(events, 4, false)).toEqual(["2z through 2", "3a 3b 3c through 3", "4d through 4"]);
  expect(shown(events, 4, true)).toEqual(["2z through 2", "3a through 2", "3b through 2", "3c 4d through 4"]);
});
