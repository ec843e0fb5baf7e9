/** Mutates the algorithm, or the files of it that are named, and says what no test noticed. */
import { Stryker } from "@stryker-mutator/core";
import { tellOfSurvivors } from "./report.ts";

const names = process.argv.slice(2).map((name) => `src/algorithm/${name.replace(/\.ts$/, "")}.ts`);
await new Stryker({
  configFile: "mutation/stryker.json",
  ...(names.length === 0 ? {} : { mutate: names }),
}).runMutationTest();
if (!tellOfSurvivors()) process.exitCode = 1;
