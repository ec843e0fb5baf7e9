import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: "unit",
          include: ["{proto,packages,apps,tests,examples,benchmarks}/**/*.test.ts"],
          exclude: ["**/node_modules/**", "**/dist/**", "tests/src/process/**"],
        },
      },
      {
        test: {
          name: "process",
          include: ["tests/src/process/**/*.test.ts"],
          exclude: ["**/node_modules/**"],
          testTimeout: 120_000,
          hookTimeout: 60_000,
          fileParallelism: false,
        },
      },
    ],
  },
});
