import { Argument, type Command } from "commander";
import { showLeader } from "../commands/leader/show.ts";
import { transferLeadership } from "../commands/leader/transfer.ts";
import { parseNodeId } from "../options.ts";
import { examples } from "./examples.ts";

/** `raftkv leader show` and `transfer`. */
export function addLeaderCommands(program: Command): void {
  const leader = program
    .command("leader")
    .description("see who leads, and hand leadership over")
    .addHelpText("after", examples("raftkv leader show", "raftkv leader transfer 2"));

  leader
    .command("show")
    .description("print who leads, and in which term")
    .addHelpText("after", examples("raftkv leader show", "raftkv leader show --output json"))
    .action((_: object, command: Command) => showLeader(command.optsWithGlobals()));

  leader
    .command("transfer")
    .description(
      "hand leadership to a voter, or to the best: of those that keep up, by priority, then by log; writes wait meanwhile",
    )
    .addArgument(new Argument("[id]", "the node that is to lead").argParser(parseNodeId))
    .addHelpText(
      "after",
      examples("raftkv leader transfer 2   node 2 leads", "raftkv leader transfer     somebody else leads"),
    )
    .action((id: number | undefined, _: object, command: Command) => transferLeadership(id, command.optsWithGlobals()));
}
