import type { StrykerOptions } from "@stryker-mutator/api/core";
import {
  commonTokens,
  declareFactoryPlugin,
  declareValuePlugin,
  PluginKind,
  tokens,
} from "@stryker-mutator/api/plugin";
import { Compiler } from "./compiler.ts";
import { InProcessRunner } from "./in-process-runner.ts";
import { leftOut } from "./left-out.ts";

createRunner.inject = tokens(commonTokens.options);
function createRunner(options: StrykerOptions): InProcessRunner {
  return new InProcessRunner(options);
}

createChecker.inject = tokens();
function createChecker(): Compiler {
  return new Compiler();
}

export const strykerPlugins = [
  declareFactoryPlugin(PluginKind.Checker, "compiler", createChecker),
  declareFactoryPlugin(PluginKind.TestRunner, "in-process", createRunner),
  declareValuePlugin(PluginKind.Ignore, "left-out", leftOut),
];

/** Of the settings that are this plugin's own. */
export const strykerValidationSchema = {
  properties: {
    inProcess: {
      type: "object",
      required: ["include", "exclude"],
      properties: {
        include: { type: "array", items: { type: "string" } },
        exclude: { type: "array", items: { type: "string" } },
      },
    },
  },
};
