import { Command } from "commander";
import { status } from "./commands/status.ts";
import { addGlobalOptions } from "./options.ts";
import { addBackupCommands } from "./program/backup.ts";
import { addCheckCommand } from "./program/check.ts";
import { examples } from "./program/examples.ts";
import { addKeyValueCommands } from "./program/key-value.ts";
import { addLeaderCommands } from "./program/leader.ts";
import { addLeaseCommands } from "./program/lease.ts";
import { addLockCommands } from "./program/lock.ts";
import { addMemberCommands } from "./program/member.ts";
import { addSnapshotCommands } from "./program/snapshot.ts";
import { addTransactionCommand } from "./program/transaction.ts";
import { addTransferCommands } from "./program/transfer.ts";
import { addWatchCommand } from "./program/watch.ts";

const exitCodeHelp = `
Exit codes: 0 done, 1 get: no such key, 2 wrong arguments, 3 unavailable (certainly not done),
  4 outcome unknown (perhaps done), 5 refused by the cluster, 6 unexpected failure, 7 check: states differ,
  130 interrupted`;

/** The command line of `raftkv`. `keyNotFound` is called where a key does not exist. */
export function createProgram(version: string, keyNotFound: (key: string) => void): Command {
  const program = addGlobalOptions(new Command("raftkv"))
    .description("Reads, writes and administers a raftkv cluster.")
    .version(version)
    .configureHelp({ showGlobalOptions: true })
    .showHelpAfterError("(add --help for the options, and for examples)")
    .showSuggestionAfterError()
    .exitOverride()
    .addHelpText(
      "after",
      examples("raftkv put greeting hello", "raftkv get greeting", "raftkv status", "raftkv member list"),
    )
    .addHelpText("after", exitCodeHelp);

  addKeyValueCommands(program, keyNotFound);
  addTransactionCommand(program);
  addWatchCommand(program);
  program
    .command("status")
    .description("show every member of the cluster and how far it has come")
    .addHelpText(
      "after",
      examples("raftkv status", "raftkv status --endpoints 10.0.0.1:50051,10.0.0.2:50051 --output json"),
    )
    .action((_: object, command: Command) => status(command.optsWithGlobals()));

  addCheckCommand(program);
  addLeaseCommands(program);
  addLockCommands(program);
  addMemberCommands(program);
  addLeaderCommands(program);
  addSnapshotCommands(program);
  addBackupCommands(program);
  addTransferCommands(program);
  return program;
}
