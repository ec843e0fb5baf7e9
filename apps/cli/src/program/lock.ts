import { type Command, Option } from "commander";
import { type LockOptions, lock } from "../commands/lock/lock.ts";
import { parseDuration } from "../output/duration.ts";
import { examples } from "./examples.ts";

/** `raftkv lock`. */
export function addLockCommand(program: Command): void {
  program
    .command("lock")
    .argument("<name>", "the lock")
    .argument("[command...]", "what to run while the lock is held; after --")
    .description("run a command while holding a lock; without a command, hold it until Ctrl-C")
    .addOption(
      new Option("--ttl <time>", "how long nothing may be heard from here before the lock goes to the next")
        .argParser(parseDuration)
        .default(10_000, "10s"),
    )
    .option("--wait <time>", "how long to wait for the lock (else as long as it takes)", parseDuration)
    .addHelpText(
      "after",
      examples(
        "raftkv lock nightly -- ./backup.sh",
        "raftkv lock nightly --wait 30s --ttl 1m -- ./backup.sh --all",
        "raftkv lock nightly    hold it until Ctrl-C; prints its key and its token",
      ),
    )
    .addHelpText(
      "after",
      `
The command finds the lock in its environment: RAFTKV_LOCK_KEY and RAFTKV_LOCK_TOKEN are the fence of what it writes.
It gets the signals that come here, and its exit code becomes that of raftkv. Where the lock is lost the command is ended
(SIGTERM, after five seconds SIGKILL), and raftkv exits with 5.`,
    )
    .action((name: string, command: string[], _: object, self: Command) =>
      lock(name, command, self.optsWithGlobals<LockOptions>()),
    );
}
