import type { Command } from "commander";
import { type TransactionCommandOptions, txn } from "../commands/txn.ts";
import { fenceOption } from "../fence-option.ts";

const FORMAT = `
The transaction has three parts, with an empty line after each: comparisons; what is done where all of them hold; what is
done otherwise. Everything takes effect at one revision, or nothing does. The format is that of etcdctl:

  value("config/leader") = "node-1"
  mod("config/epoch") < 42

  put config/leader node-2
  get config/epoch

  get config/leader

A line fence KEY TOKEN before or between the comparisons lets it take effect only while that lock is held (as --fence does).

Comparisons: value, version, create, mod, lease of a key; =, !=, <, >. create("key") = 0 holds where there is no such key.
Requests: put KEY VALUE [--previous] [--lease ID | --ttl TIME | --keep-lease]; put KEY --keep-value …; get KEY [--prefix];
range KEY --prefix | --from K --to K | --all [--limit N] [--sort WHAT] [--desc] [--count] [--keys-only];
del KEY [--prefix] | --from K --to K | --all [--previous]. Quote what has spaces in it.

Examples:
  raftkv txn              asks for the parts one by one
  raftkv txn change.txt
  raftkv txn < change.txt
`;

/** `raftkv txn`. */
export function addTransactionCommand(program: Command): void {
  program
    .command("txn [file]")
    .description("compare, then read and write at one revision; from a file, standard input, or a terminal")
    .addOption(fenceOption())
    .addHelpText("after", FORMAT)
    .action((file: string | undefined, _: object, command: Command) =>
      txn(file, command.optsWithGlobals<TransactionCommandOptions>()),
    );
}
