import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it, vi } from "vitest";
import { checkHistoryCommand } from "./check-history-command.ts";

// A real process starts when the machine lets it.
vi.setConfig({ testTimeout: 60_000 });

const put = (value: string, revision: number, from: number) =>
  JSON.stringify({
    client: "a",
    key: "k",
    call: { kind: "put", value },
    calledAt: from,
    answer: { kind: "put", revision },
    answeredAt: from + 1,
  });
const found = (value: string, version: number, modRevision: number, from: number) =>
  JSON.stringify({
    client: "b",
    key: "k",
    call: { kind: "get" },
    calledAt: from,
    answer: { kind: "found", value, version, modRevision },
    answeredAt: from + 1,
  });
const good = [put("x", 2, 0), found("x", 1, 2, 2)].join("\n");
const stale = [put("x", 2, 0), put("y", 3, 2), found("x", 1, 2, 4)].join("\n");

function run(args: readonly string[], text: string) {
  const written = new Map<string, string>();
  const lines: string[] = [];
  const status = checkHistoryCommand(args, {
    read: () => text,
    write: (file, page) => written.set(file, page),
    print: (line) => lines.push(line),
    complain: (line) => lines.push(line),
  });
  return { status, out: lines.join("\n"), written };
}

describe("raftkv-check-history", () => {
  it("says that a good history is good", () => {
    const { status, out, written } = run(["h.jsonl", "--model", "key"], good);
    expect(status).toBe(0);
    expect(out).toContain("linearizable: 2 operations in 1 part");
    expect(written.size).toBe(0);
  });

  it("prints what no order explains, and draws it", () => {
    const { status, out, written } = run(["h.jsonl", "--model", "key", "--page", "bad.html"], stale);
    expect(status).toBe(1);
    expect(out).toContain("not linearizable: 3 operations");
    expect(out).toContain("✗ client b: get → found x version 1 modRevision 2 (from 4 to 5)");
    expect(out).toContain("drawn in bad.html");
    expect(written.get("bad.html")).toContain("<svg");
  });

  it("tells a spent budget from a bad history", () => {
    const writes = Array.from({ length: 8 }, (_, value) =>
      JSON.stringify({ call: { kind: "write", value }, calledAt: 0, answer: { done: true }, answeredAt: 9 }),
    );
    const reads = [0, 1, 0].map((value, place) =>
      JSON.stringify({
        call: { kind: "read" },
        calledAt: 10 + 2 * place,
        answer: { value },
        answeredAt: 11 + 2 * place,
      }),
    );
    const text = [...writes, ...reads].join("\n");
    expect(run(["-", "--model", "register", "--states", "5"], text)).toMatchObject({ status: 3 });
    expect(run(["-", "--model", "register"], text)).toMatchObject({ status: 1 });
  });

  it.each([
    [["--model", "key"], "expected one FILE"],
    [["h", "--model", "cow"], '--model is "cow": expected one of register, text, key, store'],
    [["h", "--model", "key", "--states", "many"], '--states is "many"'],
    [["h", "--model", "register"], "line 1: call.kind"],
  ])("refuses %j, in words", (args, words) => {
    const { status, out } = run(args, good);
    expect(status).toBe(2);
    expect(out).toContain(words);
  });

  it("runs as a program on a file", () => {
    const directory = mkdtempSync(join(tmpdir(), "raftkv-history-"));
    try {
      const file = join(directory, "history.jsonl");
      writeFileSync(file, good);
      const main = fileURLToPath(new URL("main.ts", import.meta.url));
      const out = execFileSync(process.execPath, [main, file, "--model", "key"], { encoding: "utf8" });
      expect(out).toMatch(/^linearizable: /);
      writeFileSync(file, stale);
      const page = join(directory, "page.html");
      expect(() =>
        execFileSync(process.execPath, [main, file, "--model", "key", "--page", page], { stdio: "pipe" }),
      ).toThrow();
      expect(readFileSync(page, "utf8")).toContain("</html>");
    } finally {
      rmSync(directory, { recursive: true, force: true });
    }
  });
});
