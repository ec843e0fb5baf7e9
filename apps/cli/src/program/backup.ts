import { type Command, InvalidArgumentError, Option } from "commander";
import { type BackupCommandOptions, backup } from "../commands/backup.ts";
import { type RestoreCommandOptions, restore } from "../commands/restore.ts";
import { parseNodeId } from "../options.ts";
import { examples } from "./examples.ts";

/** `raftkv backup` and `restore`. */
export function addBackupCommands(program: Command): void {
  program
    .command("backup <file>")
    .description(
      "write the whole store into a file, with its history and leases: one consistent state, from any member",
    )
    .option(
      "--serializable",
      "what the node that answers has applied, without asking the others: of a cluster that has lost its majority",
      false,
    )
    .option("--overwrite", "take the place of a file that exists, once the backup is whole", false)
    .addHelpText(
      "after",
      examples(
        "raftkv backup monday.raftkv",
        "raftkv backup monday.raftkv --endpoints 10.0.0.3:50051   from there, to spare the leader",
        "raftkv restore monday.raftkv --verify-only               whether it is whole and undamaged",
      ),
    )
    .action((file: string, _: object, command: Command) =>
      backup(file, command.optsWithGlobals<BackupCommandOptions>()),
    );

  program
    .command("restore <file>")
    .description(
      "make a data directory from a backup, for one node of a new cluster; the other nodes start with empty ones and get the " +
        "state from there",
    )
    .addOption(
      new Option(
        "--data-dir <dir>",
        "the data directory to make; it must not exist, or be empty (default: ./data)",
      ).env("RAFTKV_DATA_DIR"),
    )
    .addOption(
      new Option("--id <n>", "the id of the node that is to start on it").argParser(parseNodeId).default(1, "1"),
    )
    .addOption(
      new Option("--storage <package>", "the storage package (default: @raftkv/storage-sqlite)").env("RAFTKV_STORAGE"),
    )
    .addOption(
      new Option(
        "--bump-revision <n>",
        "move the revision on by so many, more than were written after the backup, so that no watch and no cache takes the " +
          "new cluster's revisions for the old one's (default: 1000000000)",
      ).argParser(parseBump),
    )
    .option("--verify-only", "read the backup to its end and check it; make nothing", false)
    .addHelpText(
      "after",
      examples(
        "raftkv restore monday.raftkv --data-dir /var/raftkv/1 --id 1",
        "raftkv restore monday.raftkv --verify-only",
      ),
    )
    .action((file: string, _: object, command: Command) =>
      restore(file, command.optsWithGlobals<RestoreCommandOptions>()),
    );
}

function parseBump(text: string): number {
  const value = Number(text);
  if (/^\d+$/.test(text) && Number.isSafeInteger(value)) return value;
  throw new InvalidArgumentError("Expected a whole number from 0.");
}
