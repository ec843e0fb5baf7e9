import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: "unit",
          sequence: { groupOrder: 0 },
          include: ["{proto,packages,apps,tests,examples,benchmarks}/**/*.test.ts"],
          exclude: ["**/node_modules/**", "**/dist/**", "tests/src/{process,differential}/**"],
        },
      },
      {
        test: {
          name: "process",
          // After the unit tests: what is timed here, such as a failover, should not compete with them for the cores.
          sequence: { groupOrder: 1 },
          include: ["tests/src/{process,differential}/**/*.test.ts"],
          exclude: ["**/node_modules/**"],
          testTimeout: 120_000,
          hookTimeout: 60_000,
          fileParallelism: false,
        },
      },
    ],
  },
});
