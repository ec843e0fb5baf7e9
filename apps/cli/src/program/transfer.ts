import type { Command } from "commander";
import { type ExportOptions, exportEntries } from "../commands/export.ts";
import { importEntries } from "../commands/import.ts";
import { addReadOptions, addRevisionOption } from "../read-options.ts";
import { examples } from "./examples.ts";

/** `raftkv export` and `import`. */
export function addTransferCommands(program: Command): void {
  addRevisionOption(addReadOptions(program.command("export")))
    .description(
      "print keys and values as JSON lines, all of one revision; text where they are UTF-8, else base64 (keyBase64, valueBase64), " +
        "and as ttlMs how long a key has to live, where it goes with a lease or has a time to live",
    )
    .option("--prefix <prefix>", "only keys that begin with it")
    .addHelpText(
      "after",
      examples(
        "raftkv export > store.jsonl",
        "raftkv export --prefix users/ | jq -r .key",
        "raftkv backup FILE     keeps revisions, history and leases too",
      ),
    )
    .action((_: object, command: Command) => exportEntries(command.optsWithGlobals<ExportOptions>()));

  program
    .command("import [file]")
    .description(
      "put the keys of an export, from a file or from standard input; where it ends half-way, importing again does no harm. What had " +
        "so long to live lives so long from then on, by itself: leases are not in an export",
    )
    .addHelpText(
      "after",
      examples("raftkv import store.jsonl", "raftkv export --prefix a/ | raftkv import --endpoints other:50051"),
    )
    .action((file: string | undefined, _: object, command: Command) => importEntries(file, command.optsWithGlobals()));
}
