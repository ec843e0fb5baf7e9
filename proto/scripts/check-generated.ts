// Shows that generating the code again from the buf module changes nothing.
import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const committed = join(import.meta.dirname, "..", "src", "gen");
const scratch = mkdtempSync(join(tmpdir(), "raftkv-gen-"));

function filesBelow(folder: string): Map<string, string> {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  return new Map(
    files.map((entry) => {
      const path = join(entry.parentPath, entry.name);
      return [path.slice(folder.length + 1), readFileSync(path, "utf8")];
    }),
  );
}

try {
  execFileSync("buf", ["generate", "-o", scratch], { cwd: join(import.meta.dirname, ".."), stdio: "inherit" });
  const expected = filesBelow(join(scratch, "src", "gen"));
  const found = filesBelow(committed);
  const names = new Set([...expected.keys(), ...found.keys()]);
  const different = [...names].filter((name) => expected.get(name) !== found.get(name));
  for (const name of different) {
    console.error(`proto/src/gen/${name} is not what buf generates: run "pnpm --filter @raftkv/proto generate"`);
  }
  process.exitCode = different.length === 0 ? 0 : 1;
} finally {
  rmSync(scratch, { recursive: true, force: true });
}
