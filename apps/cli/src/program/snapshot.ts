import { Argument, type Command } from "commander";
import { snapshotNow } from "../commands/snapshot/now.ts";
import { parseNodeId } from "../options.ts";
import { examples } from "./examples.ts";

/** `raftkv snapshot now`. */
export function addSnapshotCommands(program: Command): void {
  const snapshot = program
    .command("snapshot")
    .description("make state durable and logs short")
    .addHelpText("after", examples("raftkv snapshot now", "raftkv snapshot now --all"));

  snapshot
    .command("now")
    .description("have a node make its state durable and drop the log that it no longer needs")
    .addArgument(new Argument("[id]", "the node; the leader unless told").argParser(parseNodeId))
    .option("--all", "every member")
    .addHelpText(
      "after",
      examples(
        "raftkv snapshot now         the leader",
        "raftkv snapshot now 2       node 2",
        "raftkv snapshot now --all   every member",
      ),
    )
    .action((id: number | undefined, _: object, command: Command) => snapshotNow(id, command.optsWithGlobals()));
}
