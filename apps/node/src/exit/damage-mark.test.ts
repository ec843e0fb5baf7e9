import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { damageMark, markDamaged, refuseDamaged } from "./damage-mark.ts";

let directory: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "raftkv-mark-"));
});

afterEach(() => rmSync(directory, { recursive: true }));

it("keeps a node from starting again, with the reason and the exit code of damaged data", () => {
  refuseDamaged(directory);
  markDamaged(directory, "it differs from revision 7 on: run raftkv member replace 2 ADDRESS");
  expect(readFileSync(join(directory, damageMark), "utf8")).toContain("revision 7");
  expect(() => refuseDamaged(directory)).toThrow(
    expect.objectContaining({
      exitCode: 5,
      message: expect.stringMatching(/does not start on .* from revision 7 on: run raftkv member replace 2 ADDRESS$/),
    }),
  );
});

it("makes no directory for a storage that has none, and stops nobody from stopping", () => {
  const missing = join(directory, "memory");
  markDamaged(missing, "x");
  expect(existsSync(missing)).toBe(false);
  refuseDamaged(missing);
});
