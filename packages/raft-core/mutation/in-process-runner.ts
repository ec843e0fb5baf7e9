import { globSync } from "node:fs";
import { registerHooks } from "node:module";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { INSTRUMENTER_CONSTANTS, type InstrumenterContext, type StrykerOptions } from "@stryker-mutator/api/core";
import {
  type DryRunOptions,
  type DryRunResult,
  DryRunStatus,
  determineHitLimitReached,
  type MutantRunOptions,
  type MutantRunResult,
  type TestResult,
  type TestRunner,
  TestStatus,
  toMutantRunResult,
} from "@stryker-mutator/api/test-runner";
import { beginFile, type RegisteredTest, registeredTests } from "./test-registry.ts";

/** Which tests decide over a mutant, from the package's folder. */
export interface InProcessOptions {
  readonly include: readonly string[];
  readonly exclude: readonly string[];
}

declare global {
  var __stryker__: InstrumenterContext | undefined;
}

/**
 * Plays the tests in Stryker's own worker, loaded once. A mutant costs what the tests that reach it take, some
 * milliseconds; starting vitest anew for each costs half a second. That this is sound rests on the algorithm: its
 * modules keep no state, so that nothing is left of one mutant when the next one runs.
 */
export class InProcessRunner implements TestRunner {
  readonly #options: InProcessOptions;
  /** How long each test took without a mutant; the quick ones go first. */
  readonly #costs = new Map<string, number>();

  constructor(options: StrykerOptions & { inProcess?: InProcessOptions }) {
    if (options.inProcess === undefined) throw new Error("Say under inProcess which tests are to be run.");
    this.#options = options.inProcess;
  }

  capabilities() {
    return { reloadEnvironment: false };
  }

  async init(): Promise<void> {
    const registry = new URL("./test-registry.ts", import.meta.url).href;
    registerHooks({
      resolve: (specifier, context, next) =>
        specifier === "vitest" ? { url: registry, shortCircuit: true } : next(specifier, context),
    });
    for (const file of globSync(this.#options.include, { exclude: this.#options.exclude }).sort()) {
      beginFile(file);
      await import(pathToFileURL(resolve(file)).href);
    }
    if (registeredTests().size === 0) throw new Error("There are no tests in what inProcess includes.");
  }

  async dryRun({ coverageAnalysis }: DryRunOptions): Promise<DryRunResult> {
    const stryker = instrumenter();
    const tests: TestResult[] = [];
    for (const [id, test] of registeredTests()) {
      if (coverageAnalysis === "perTest") stryker.currentTestId = id;
      const result = play(id, test);
      delete stryker.currentTestId;
      this.#costs.set(id, result.timeSpentMs);
      tests.push(result);
    }
    const { mutantCoverage } = stryker;
    return { status: DryRunStatus.Complete, tests, ...(mutantCoverage === undefined ? {} : { mutantCoverage }) };
  }

  async mutantRun({ activeMutant, hitLimit, testFilter }: MutantRunOptions): Promise<MutantRunResult> {
    const stryker = instrumenter();
    stryker.hitCount = 0;
    if (hitLimit !== undefined) stryker.hitLimit = hitLimit;
    stryker.activeMutant = activeMutant.id;
    try {
      const tests = this.#playUntilOneFails(testFilter ?? [...registeredTests().keys()]);
      return toMutantRunResult(
        determineHitLimitReached(stryker.hitCount, hitLimit) ?? { status: DryRunStatus.Complete, tests },
      );
    } finally {
      delete stryker.activeMutant;
      delete stryker.hitLimit;
    }
  }

  #playUntilOneFails(ids: readonly string[]): TestResult[] {
    const results: TestResult[] = [];
    for (const id of [...ids].sort((a, b) => this.#cost(a) - this.#cost(b))) {
      const test = registeredTests().get(id);
      if (test === undefined) throw new Error(`There is no test ${id}.`);
      const result = play(id, test);
      results.push(result);
      if (result.status === TestStatus.Failed) break;
    }
    return results;
  }

  #cost(id: string): number {
    return this.#costs.get(id) ?? 0;
  }
}

function play(id: string, { name, file, run }: RegisteredTest): TestResult {
  const startedMs = performance.now();
  const about = { id, name, fileName: resolve(file) };
  try {
    run();
    return { ...about, status: TestStatus.Success, timeSpentMs: performance.now() - startedMs };
  } catch (error) {
    const failureMessage = error instanceof Error ? error.message : String(error);
    return { ...about, status: TestStatus.Failed, failureMessage, timeSpentMs: performance.now() - startedMs };
  }
}

/** Where the instrumented code looks which mutant it is to be. */
function instrumenter(): InstrumenterContext {
  const context = globalThis[INSTRUMENTER_CONSTANTS.NAMESPACE] ?? {};
  globalThis[INSTRUMENTER_CONSTANTS.NAMESPACE] = context;
  return context;
}
