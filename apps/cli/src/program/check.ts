import type { Command } from "commander";
import { check } from "../commands/check.ts";
import { examples } from "./examples.ts";

/** `raftkv check`. */
export function addCheckCommand(program: Command): void {
  program
    .command("check")
    .description(
      "have every member read its whole state as of one entry of the log, and compare them: keys, values, history, sessions, " +
        "leases. It goes on while members come further; one that stands still for as long as --timeout says is given up. " +
        "Exit code 7 where states differ, 3 where some could not be compared",
    )
    .addHelpText("after", examples("raftkv check", "raftkv check --timeout 60000 --output json"))
    .action((_: object, command: Command) => check(command.optsWithGlobals()));
}
