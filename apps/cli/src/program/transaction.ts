import type { Command } from "commander";
import { txn } from "../commands/txn.ts";
import type { GlobalOptions } from "../options.ts";

const FORMAT = `
The transaction has three parts, with an empty line after each: comparisons; what is done where all of them hold; what is
done otherwise. Everything takes effect at one revision, or nothing does. The format is that of etcdctl:

  value("config/leader") = "node-1"
  mod("config/epoch") < 42

  put config/leader node-2
  get config/epoch

  get config/leader

Comparisons: value, version, create, mod, lease of a key; =, !=, <, >. create("key") = 0 holds where there is no such key.
Requests: put KEY VALUE [--previous]; get KEY [--prefix]; range [PREFIX] [--from K] [--to K] [--limit N] [--sort WHAT]
[--desc] [--count] [--keys-only]; del KEY [--prefix] [--previous]. Quote what has spaces in it.

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
    .addHelpText("after", FORMAT)
    .action((file: string | undefined, _: object, command: Command) =>
      txn(file, command.optsWithGlobals<GlobalOptions>()),
    );
}
