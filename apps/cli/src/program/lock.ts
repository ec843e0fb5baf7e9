import { hostname } from "node:os";
import { type Command, Option } from "commander";
import { type ElectOptions, elect } from "../commands/lock/elect.ts";
import { lock } from "../commands/lock/lock.ts";
import type { HoldOptions } from "../commands/lock/while-held.ts";
import { parseDuration, parseTtl } from "../output/duration.ts";
import { examples } from "./examples.ts";

/** `raftkv lock` and `raftkv elect`. */
export function addLockCommands(program: Command): void {
  program
    .command("lock")
    .argument("<name>", "the lock")
    .argument("[command...]", "what to run while the lock is held; after --")
    .description("run a command while holding a lock; without a command, hold it until Ctrl-C")
    .addOption(ttlOption())
    .option("--wait <time>", "how long to wait for the lock (else as long as it takes)", parseDuration)
    .addHelpText(
      "after",
      examples(
        "raftkv lock nightly -- ./backup.sh",
        "raftkv lock nightly --wait 30s --ttl 1m -- ./backup.sh --all",
        "raftkv lock nightly    hold it until Ctrl-C; prints its key and its token",
      ),
    )
    .addHelpText("after", commandHelp("the lock is lost"))
    .action((name: string, command: string[], _: object, self: Command) =>
      lock(name, command, self.optsWithGlobals<HoldOptions>()),
    );

  program
    .command("elect")
    .argument("<name>", "the election")
    .argument("[command...]", "what to run while leading; after --")
    .description("run a command while leading; without a command, lead until Ctrl-C")
    .option("--value <value>", "what those who observe are told of this leader", hostname())
    .addOption(ttlOption())
    .option("--wait <time>", "how long to wait for being elected (else as long as it takes)", parseDuration)
    .option(
      "--observe",
      "print each leader's token and value as it is elected or proclaims another, until Ctrl-C",
      false,
    )
    .addHelpText(
      "after",
      examples(
        "raftkv elect scheduler -- ./scheduler",
        "raftkv elect scheduler --value 10.0.0.1:80",
        "raftkv elect scheduler --observe",
      ),
    )
    .addHelpText("after", commandHelp("leadership is lost"))
    .action((name: string, command: string[], _: object, self: Command) =>
      elect(name, command, self.optsWithGlobals<ElectOptions>()),
    );
}

function ttlOption(): Option {
  return new Option("--ttl <time>", "how long nothing may be heard from here before it is the next one's turn")
    .argParser(parseTtl)
    .default(10_000, "10s");
}

function commandHelp(where: string): string {
  return `
RAFTKV_LOCK_FENCE in the environment of the command is the fence of what it writes: raftkv put … --fence "$RAFTKV_LOCK_FENCE"
(RAFTKV_LOCK_KEY and RAFTKV_LOCK_TOKEN are its parts). The command gets the
signals that come here, and its exit code becomes that of raftkv. Where ${where} the command is ended (SIGTERM, after
five seconds SIGKILL), and raftkv exits with 5.`;
}
