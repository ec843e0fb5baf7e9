/** The two functions of a test runner that the suites need: vitest's, node:test's, mocha's and jest's all fit. */
export interface TestApi {
  readonly describe: (name: string, define: () => void) => unknown;
  readonly it: (name: string, run: () => Promise<void>) => unknown;
}
