import { type Command, Option } from "commander";
import { compact } from "../commands/compact.ts";
import { type DeleteCommandOptions, del } from "../commands/delete.ts";
import { get } from "../commands/get.ts";
import { type HistoryCommandOptions, history } from "../commands/history.ts";
import { type PutCommandOptions, put } from "../commands/put.ts";
import { type RangeCommandOptions, range } from "../commands/range.ts";
import { fenceOption } from "../fence-option.ts";
import { addKeyRangeOptions } from "../key-range.ts";
import { type GlobalOptions, parseLeaseId, parseLimit } from "../options.ts";
import { parseTtl } from "../output/duration.ts";
import { addReadOptions, addRevisionOption, parseRevision, type ReadCommandOptions } from "../read-options.ts";
import { examples } from "./examples.ts";

/** `raftkv put`, `get`, `del`, `range`, `history` and `compact`. `keyNotFound` is called where a key does not exist. */
export function addKeyValueCommands(program: Command, keyNotFound: (key: string) => void): void {
  program
    .command("put <key> [value]")
    .description("write a key; the value - stands for the bytes of standard input")
    .option("--previous", "print what the key was before, too", false)
    .addOption(
      new Option("--ttl <duration>", "how long the key lives: 500ms, 30s, 5m, 2h, 1d (else for ever)").argParser(
        parseTtl,
      ),
    )
    .addOption(
      new Option("--lease <id>", "the key lives as long as this lease").argParser(parseLeaseId).conflicts("ttl"),
    )
    .addOption(
      new Option("--keep-lease", "the key keeps the lease, or the time, that it has")
        .default(false)
        .conflicts(["ttl", "lease"]),
    )
    .option(
      "--keep-value",
      "the key keeps the value that it has (instead of a value): to change its lease, or its time",
      false,
    )
    .addOption(fenceOption())
    .addHelpText(
      "after",
      examples(
        "raftkv put greeting hello",
        "raftkv put photo - < photo.jpg",
        "raftkv put number -- -5      a value that begins with a dash",
        "raftkv put seen now --ttl 30s",
        "raftkv put seen --keep-value --ttl 1h    the same value, for longer",
      ),
    )
    .action((key: string, value: string | undefined, _: object, command: Command) =>
      put(key, value, command.optsWithGlobals<PutCommandOptions>()),
    );

  addRevisionOption(addReadOptions(program.command("get <key>")))
    .description("print the value of a key and a newline")
    .addHelpText(
      "after",
      examples(
        "raftkv get greeting",
        "raftkv get greeting --output json",
        "raftkv get greeting --at-revision 17      what it was then",
        "raftkv get greeting --max-staleness 500   from any node that is no further behind",
      ),
    )
    .action(async (key: string, _: object, command: Command) => {
      if (!(await get(key, command.optsWithGlobals<GlobalOptions & ReadCommandOptions>()))) keyNotFound(key);
    });

  addKeyRangeOptions(program.command("del [key]"))
    .description("delete a key, or all keys of a range at once")
    .option("--previous", "print what was deleted, too", false)
    .addOption(fenceOption())
    .option("--yes", "do not ask before --all; needed where standard input is no terminal", false)
    .addHelpText(
      "after",
      examples(
        "raftkv del greeting",
        "raftkv del --prefix users/          every key that begins with users/",
        "raftkv del --from a --to n          from a up to, not including, n",
        "raftkv del --all                    asks first",
      ),
    )
    .action((key: string | undefined, _: object, command: Command) =>
      del(key, command.optsWithGlobals<DeleteCommandOptions>()),
    );

  addRevisionOption(addReadOptions(addKeyRangeOptions(program.command("range [key]"))))
    .description("print keys in order, a line each: the key, a tab, the value; every key unless told which")
    .option("--limit <n>", "at most so many keys", parseLimit)
    .option("--keys-only", "leave the values out", false)
    .option("--count", "print only how many keys there are", false)
    .addOption(
      new Option("--sort <what>", "in another order than by key").choices([
        "key",
        "version",
        "createRevision",
        "modRevision",
        "value",
      ]),
    )
    .option("--desc", "the last first", false)
    .option("--min-mod-revision <n>", "only keys that were last written at this revision or later", parseRevision)
    .option("--max-mod-revision <n>", "… or earlier", parseRevision)
    .option("--min-create-revision <n>", "only keys that came to be at this revision or later", parseRevision)
    .option("--max-create-revision <n>", "… or earlier", parseRevision)
    .addHelpText(
      "after",
      examples(
        "raftkv range --prefix users/        every key that begins with users/",
        "raftkv range --from a --to n        from a up to, not including, n",
        "raftkv range --limit 10 --keys-only the first ten keys",
        "raftkv range --prefix users/ --count          how many there are",
        "raftkv range --sort modRevision --desc --limit 5   the five that were written last",
        "raftkv range --output json | jq .   an object a line",
      ),
    )
    .action((key: string | undefined, _: object, command: Command) =>
      range(key, command.optsWithGlobals<RangeCommandOptions>()),
    );

  addRevisionOption(addReadOptions(program.command("history <key>")))
    .description("print the writes to a key that are not compacted, newest first: the revision, a tab, the value")
    .option("--limit <n>", "at most so many writes", parseLimit)
    .addHelpText(
      "after",
      examples(
        "raftkv history greeting",
        "raftkv history greeting --limit 1 --at-revision 17   the last write up to revision 17",
        "raftkv history greeting --output json | jq .         an object a line",
      ),
    )
    .action((key: string, _: object, command: Command) =>
      history(key, command.optsWithGlobals<HistoryCommandOptions>()),
    );

  program
    .command("compact")
    .argument("<revision>", "the earliest revision that stays readable", parseRevision)
    .description("give up history before a revision (the cluster does so by itself, by age and by count)")
    .addHelpText("after", examples("raftkv compact 1000   revisions before 1000 cannot be read any more"))
    .action((revision: number, _: object, command: Command) => compact(revision, command.optsWithGlobals()));
}
