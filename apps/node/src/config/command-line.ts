import { Command, InvalidArgumentError, Option } from "commander";
import { exitCodes } from "../exit/exit-code.ts";
import { logFormats, logLevels, type Options } from "./options.ts";
import { defaultDataDir, defaultListenAddress, defaultStorage } from "./settings.ts";

const examples = `
An option on the command line wins over its environment variable, and that over cluster.conf.

Examples:
  raftkv-node                                    one node, by itself a cluster, on ${defaultListenAddress}
  raftkv-node --listen 127.0.0.1:6000            the same, on another port
  raftkv-node --config cluster.conf --id 2 --data-dir /var/raftkv/2
                                                 node 2 of the cluster that cluster.conf describes
  raftkv-node --id 4 --listen 10.0.0.4:50051 --data-dir /var/raftkv/4 --join 10.0.0.1:50051,10.0.0.2:50051
                                                 waits to be added to a cluster: raftkv member add 10.0.0.4:50051
  raftkv-node --storage @raftkv/storage-memory   keeps nothing when it ends
  raftkv-node --log-format json | jq .           logs for machines

cluster.conf:
  { "nodes": [ {"id": 1, "address": "10.0.0.1:50051"},
               {"id": 2, "address": "10.0.0.2:50051"},
               {"id": 3, "address": "10.0.0.3:50051"} ],
    "election_timeout": {"min": 150, "max": 300} }

Exit codes: 0 stopped cleanly, 1 unexpected failure, 2 wrong options or configuration, 3 cannot listen,
  4 data directory unusable, 5 data damaged, 6 disk failed while running, 7 refused by the cluster, 130 stop cut short
`;

/** The command line of `raftkv-node`. Parsing it prints help and errors by itself, and ends the process with them. */
export function commandLine(version: string, run: (options: Options) => Promise<void>): Command {
  return new Command("raftkv-node")
    .description("A node of raftkv, a distributed key-value store.")
    .version(version)
    .addOption(new Option("--config <file>", "the nodes of the cluster and its settings").env("RAFTKV_CONFIG"))
    .addOption(
      new Option("--id <n>", "this node's id (default: the data directory's, else 1)")
        .env("RAFTKV_ID")
        .argParser(parseId),
    )
    .addOption(
      new Option("--data-dir <dir>", `where the data lives (default: ./${defaultDataDir})`).env("RAFTKV_DATA_DIR"),
    )
    .addOption(
      new Option("--storage <package>", `the storage package (default: ${defaultStorage})`).env("RAFTKV_STORAGE"),
    )
    .addOption(
      new Option(
        "--listen <host:port>",
        `what to listen on; port 0 is any free one (default: the node's own address, see --advertise)`,
      ).env("RAFTKV_LISTEN"),
    )
    .addOption(
      new Option(
        "--advertise <host:port>",
        "where others reach this node (default: where the cluster knows it, else its address in the configuration, else " +
          `--listen, else ${defaultListenAddress})`,
      ).env("RAFTKV_ADVERTISE"),
    )
    .addOption(
      new Option(
        "--join <host:port,...>",
        "members of a cluster to which this node is to be added; a fresh data directory waits for that, another looks there " +
          "for the other members if it finds no leader",
      ).env("RAFTKV_JOIN"),
    )
    .addOption(
      new Option("--log-level <level>", "the least important lines to log")
        .choices([...logLevels])
        .default("info")
        .env("RAFTKV_LOG_LEVEL"),
    )
    .addOption(
      new Option("--log-format <format>", "lines for people or for machines")
        .choices([...logFormats])
        .default("pretty")
        .env("RAFTKV_LOG_FORMAT"),
    )
    .allowExcessArguments(false)
    .showHelpAfterError("(raftkv-node --help shows the options)")
    .addHelpText("after", examples)
    .exitOverride((error) => process.exit(error.exitCode === 0 ? exitCodes.ok : exitCodes.usage))
    .action(run);
}

function parseId(text: string): number {
  const id = Number(text);
  if (/^\d+$/.test(text) && Number.isSafeInteger(id) && id > 0) return id;
  throw new InvalidArgumentError("Expected a whole number from 1.");
}
