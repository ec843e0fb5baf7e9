import { create } from "@bufbuild/protobuf";
import { type WatchEvent, WatchEventSchema } from "@raftkv/proto/kv";
import { expect, test } from "vitest";
import { event } from "../testing/scripted-watches.ts";
import { Fragments } from "./fragments.ts";
import { Told } from "./told.ts";
import { revisionOf } from "./watch-event.ts";

const told = (through: number, ...texts: readonly string[]) =>
  new Told(
    texts.map((text) => create(WatchEventSchema, event(text))),
    through,
  );

const revisions = ({ events }: Told) => events.map(revisionOf);

test("what is not told to its end is held until it is, and what is goes on as it came", () => {
  const fragments = new Fragments();
  const plain = told(2, "2 a=1");
  expect(fragments.add(plain)).toBe(plain);
  expect(revisions(fragments.add(told(2, "2 b=1", "3 a=1")))).toEqual([2]);
  expect(revisions(fragments.add(told(2, "3 b=1")))).toEqual([]);
  expect(revisions(fragments.add(told(4, "3 c=1", "4 a=1")))).toEqual([3, 3, 3, 4]);
  fragments.add(told(4, "5 a=1"));
  fragments.clear();
  expect(revisions(fragments.add(told(5, "5 a=1")))).toEqual([5]);
});

test("no more is held of a revision than a client has room for", () => {
  const fragments = new Fragments();
  const entry = { key: Buffer.from("a"), value: new Uint8Array(0), modRevision: 3n };
  const large: WatchEvent = create(WatchEventSchema, {
    entry,
    deleted: true,
    previous: { ...entry, value: new Uint8Array(8 * 1024 * 1024) },
  });
  for (let i = 0; i < 31; i++) fragments.add(new Told([large], 2));
  expect(() => fragments.add(new Told([large], 2))).toThrow(
    expect.objectContaining({ code: "OPERATION_TOO_LARGE", message: expect.stringMatching(/at revision 3/) }),
  );
});
