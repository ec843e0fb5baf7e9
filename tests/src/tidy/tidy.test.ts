import { describe, expect, it } from "vitest";
import { rules } from "./rules.ts";
import { sourceFiles } from "./source-tree.ts";

describe("tidy: rules that types and the linter cannot state", () => {
  const files = sourceFiles();

  it("sees the sources", () => {
    expect(files.map((file) => file.path)).toContain("packages/raft-core/src/index.ts");
  });

  it.each(Object.entries(rules))("%s", (_name, rule) => {
    const findings = files.flatMap((file) => rule(file).map((finding) => `${file.path} ${finding}`));
    expect(findings).toEqual([]);
  });
});

describe("the rules themselves", () => {
  const findings = (name: keyof typeof rules, path: string, text: string): number =>
    rules[name]?.({ path, text }).length ?? 0;
  const algorithm = "packages/raft-core/src/algorithm/vote.ts";

  it.each([
    ["pureAlgorithm", algorithm, "const now = Date.now();\n"],
    ["pureAlgorithm", algorithm, 'import { hash } from "node:crypto";\n'],
    ["pureAlgorithm", algorithm, 'import type { Clock } from "../ports/clock.ts";\n'],
    ["pureAlgorithm", algorithm, "async function step() {}\n"],
    ["shortFiles", "packages/kv-server/src/a.ts", "\n".repeat(401)],
    ["tellingNames", "packages/kv-server/src/utils.ts", ""],
    ["nothingLeftForLater", "packages/kv-server/src/a.ts", `// ${"TO"}${"DO"} later\n`],
    ["typesStayOn", "packages/kv-server/src/a.ts", "const a = b as any;\n"],
    ["testsStayOn", "packages/kv-server/src/a.test.ts", "it.only(name, run);\n"],
    ["arrowsPointInwards", "packages/raft-core/src/a.ts", 'import { x } from "@raftkv/kv-server";\n'],
    ["arrowsPointInwards", "packages/kv-client/src/a.ts", 'import type { x } from "@raftkv/raft-core";\n'],
    ["injectedTimeAndChance", "packages/kv-server/src/a.ts", "const x = Math.random();\n"],
  ])("%s finds what it bans in %s", (name, path, text) => {
    expect(findings(name, path, text)).toBe(1);
  });

  it("lets comments and strings speak of what is banned", () => {
    expect(findings("pureAlgorithm", algorithm, '// Date.now is banned\nconst text = "await";\n')).toBe(0);
  });
});
