import { expect, it } from "vitest";
import { writeJson, writeLine } from "./history-format.ts";

const entry = {
  keyBytes: Buffer.from("a"),
  value: Buffer.from("one"),
  createRevision: 2,
  modRevision: 5,
  version: 3,
};

it("shows a write with its value, and a deletion as one", () => {
  expect(Buffer.from(writeLine({ revision: 5, entry })).toString()).toBe("5\tone\n");
  expect(Buffer.from(writeLine({ revision: 6, entry: undefined })).toString()).toBe("6\t(deleted)\n");
  expect(JSON.parse(writeJson({ revision: 5, entry }))).toEqual({
    key: "a",
    value: "one",
    createRevision: 2,
    modRevision: 5,
    version: 3,
  });
  expect(JSON.parse(writeJson({ revision: 6, entry: undefined }))).toEqual({ deleted: true, revision: 6 });
});
