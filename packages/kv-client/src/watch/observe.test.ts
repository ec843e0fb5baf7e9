import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { RaftKv } from "../raft-kv.ts";
import { ScriptedNode } from "../testing/scripted-node.ts";
import { event, type ScriptedWatchStream } from "../testing/scripted-watches.ts";
import type { WatchEvent } from "./watch-event.ts";

let node: ScriptedNode;
let kv: RaftKv;

beforeEach(async () => {
  node = await ScriptedNode.start();
  kv = new RaftKv({ endpoints: [node.address] });
});

afterEach(async () => {
  await kv.close();
  await node.stop();
});

/** Once a watch was asked for on it. */
async function stream(): Promise<ScriptedWatchStream> {
  await node.until(() => (node.watches.streams[0]?.creates.length ?? 0) > 0);
  const [found] = node.watches.streams;
  if (found === undefined) throw new Error("unreachable");
  return found;
}

function text({ revision, key, entry }: WatchEvent): string {
  return `${revision} ${entry === undefined ? `${key} deleted` : `${key}=${entry.text}`}`;
}

const utf8 = (key: string) => new TextEncoder().encode(key);

describe("observing", () => {
  it("tells what is there, that this was all, and then what changes after that", async () => {
    await kv.put("a1", "one");
    await kv.put("a2", "two");
    await kv.put("b", "three");
    node.store.pictureRevision = 4n;
    const seen: string[] = [];
    for await (const one of kv.observe({ prefix: "a" })) {
      if (one.kind === "present") seen.push(`there ${one.entry.key}=${one.entry.text}`);
      else if (one.kind === "listed") {
        seen.push(`all at ${one.revision}`);
        const at = await stream();
        expect(at.creates[0]).toMatchObject({ startRevision: 5n, from: utf8("a"), to: utf8("b") });
        at.created(1n, 4);
        at.events(1n, 5, event("5 a1 deleted"));
      } else {
        seen.push(text(one));
        break;
      }
    }
    expect(seen).toEqual(["there a1=one", "there a2=two", "all at 4", "5 a1 deleted"]);
    const at = await stream();
    await node.until(() => at.texts.includes("cancel 1"));
  });

  it("needs history", async () => {
    const next = kv.observe("a")[Symbol.asyncIterator]().next();
    await expect(next).rejects.toMatchObject({ code: "NO_HISTORY" });
  });
});
