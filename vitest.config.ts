import { defineConfig } from "vitest/config";

const timed = ["leadership-transfer", "minority-and-majority", "torture"].map(
  (name) => `tests/src/process/${name}.test.ts`,
);

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: "unit",
          sequence: { groupOrder: 0 },
          include: ["{proto,packages,apps,tests,examples,benchmarks}/**/*.test.ts"],
          exclude: ["**/node_modules/**", "**/dist/**", "tests/src/{process,differential}/**"],
          maxWorkers: "100%",
        },
      },
      {
        test: {
          name: "process",
          sequence: { groupOrder: 1 },
          include: ["tests/src/{process,differential}/**/*.test.ts"],
          exclude: ["**/node_modules/**", ...timed],
          testTimeout: 120_000,
          hookTimeout: 60_000,
          maxWorkers: 2,
        },
      },
      {
        test: {
          name: "timed",
          // Alone, one after the other: what is timed here, such as a failover, should not compete with others for the cores.
          sequence: { groupOrder: 2 },
          include: timed,
          testTimeout: 120_000,
          hookTimeout: 60_000,
          fileParallelism: false,
        },
      },
    ],
  },
});
