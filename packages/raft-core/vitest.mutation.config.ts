import { defineConfig } from "vitest/config";

/** What decides over a mutant: the tests of the algorithm that give their answer in milliseconds. */
export default defineConfig({
  test: {
    include: ["src/algorithm/**/*.test.ts"],
    exclude: [
      "src/algorithm/simulation/**",
      "src/algorithm/transcripts/index.test.ts",
    ],
    isolate: false,
  },
});
