import { type Command, Option } from "commander";
import { type WatchCommandOptions, watch } from "../commands/watch.ts";
import { addKeyRangeOptions } from "../key-range.ts";
import { parseLimit } from "../options.ts";
import { parseRevision } from "../read-options.ts";
import { examples } from "./examples.ts";

/** `raftkv watch`. */
export function addWatchCommand(program: Command): void {
  addKeyRangeOptions(program.command("watch [key]"))
    .description(
      "print changes as they are made, a line each: the revision, put or delete, the key, the value; until Ctrl-C",
    )
    .option(
      "--from-revision <n>",
      "begin with what was written at this revision, unless it is compacted",
      parseRevision,
    )
    .addOption(new Option("--only <kind>", "leave out the others").choices(["put", "delete"]))
    .option("--previous", "with --output json: what the key was before, too", false)
    .option("--limit <n>", "end after so many events", parseLimit)
    .addHelpText(
      "after",
      examples(
        "raftkv watch greeting",
        "raftkv watch --prefix users/ --only delete",
        "raftkv watch --all --from-revision 17 --output json | jq .   all that was written since",
      ),
    )
    .action((key: string | undefined, _: object, command: Command) =>
      watch(key, command.optsWithGlobals<WatchCommandOptions>()),
    );
}
