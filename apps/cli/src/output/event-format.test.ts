import { describe, expect, it } from "vitest";
import { eventJson, eventLine } from "./event-format.ts";

const entry = (value: string | Uint8Array, modRevision = 7) => ({
  keyBytes: Buffer.from("greeting"),
  value: Buffer.from(value),
  createRevision: 2,
  modRevision,
  version: 3,
  leaseId: 0,
});

const put = {
  kind: "put",
  revision: 7,
  keyBytes: Buffer.from("greeting"),
  entry: entry("hello"),
  previous: undefined,
} as const;
const deleted = { ...put, kind: "delete", entry: undefined, previous: entry(Uint8Array.of(0xff), 6) } as const;

describe("an event", () => {
  it("is a line with tabs, its bytes as they are", () => {
    expect(Buffer.from(eventLine(put)).toString()).toBe("7\tput\tgreeting\thello\n");
    expect(Buffer.from(eventLine(deleted)).toString()).toBe("7\tdelete\tgreeting\n");
  });

  it("is an object a line, with what the key was before where that is known", () => {
    expect(JSON.parse(eventJson(put))).toMatchObject({
      kind: "put",
      revision: 7,
      key: "greeting",
      value: "hello",
      version: 3,
    });
    expect(JSON.parse(eventJson(deleted))).toMatchObject({
      kind: "delete",
      revision: 7,
      key: "greeting",
      previous: { valueBase64: "/w==", modRevision: 6 },
    });
    expect(eventJson(deleted).endsWith("}\n")).toBe(true);
  });
});
