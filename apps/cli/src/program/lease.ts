import { Argument, type Command } from "commander";
import { type GrantLeaseOptions, grantLease } from "../commands/lease/grant.ts";
import { type KeepLeaseAliveOptions, keepLeaseAlive } from "../commands/lease/keep-alive.ts";
import { listLeases } from "../commands/lease/list.ts";
import { revokeLease } from "../commands/lease/revoke.ts";
import { type LeaseTimeLeftOptions, leaseTimeLeft } from "../commands/lease/time-left.ts";
import { parseLeaseId } from "../options.ts";
import { parseTtl } from "../output/duration.ts";
import { examples } from "./examples.ts";

/** `raftkv lease grant`, `keep-alive`, `revoke`, `list` and `time-left`. */
export function addLeaseCommands(program: Command): void {
  const lease = program
    .command("lease")
    .description("grant leases: keys that are put with one live as long as it is kept alive")
    .addHelpText(
      "after",
      examples(
        "raftkv lease grant 30s",
        "raftkv put workers/7 up --lease 1000000000000000",
        "raftkv lease keep-alive 1000000000000000",
      ),
    );

  lease
    .command("grant")
    .argument("<ttl>", "how long it lives after it was last kept alive: 500ms, 30s, 5m, 2h, 1d", parseTtl)
    .description("grant a lease, and print its id; it is not kept alive by this command")
    .option("--id <id>", "the id that it is to have (else one that no lease had before)", parseLeaseId)
    .addHelpText("after", examples("raftkv lease grant 30s", "raftkv lease grant 5m --id 42"))
    .action((ttlMs: number, _: object, command: Command) =>
      grantLease(ttlMs, command.optsWithGlobals<GrantLeaseOptions>()),
    );

  lease
    .command("keep-alive")
    .addArgument(leaseId())
    .description("keep a lease alive until Ctrl-C, or until it is lost")
    .option("--once", "renew it once, and end", false)
    .addHelpText("after", examples("raftkv lease keep-alive 42", "raftkv lease keep-alive 42 --once"))
    .action((id: number, _: object, command: Command) =>
      keepLeaseAlive(id, command.optsWithGlobals<KeepLeaseAliveOptions>()),
    );

  lease
    .command("revoke")
    .addArgument(leaseId())
    .description("end a lease, and delete its keys")
    .addHelpText("after", examples("raftkv lease revoke 42"))
    .action((id: number, _: object, command: Command) => revokeLease(id, command.optsWithGlobals()));

  lease
    .command("list")
    .description("print the leases that were granted, and how much longer each lives")
    .addHelpText("after", examples("raftkv lease list", "raftkv lease list --output json | jq .   an object a line"))
    .action((_: object, command: Command) => listLeases(command.optsWithGlobals()));

  lease
    .command("time-left")
    .addArgument(leaseId())
    .description("print how much longer a lease lives if nobody keeps it alive")
    .option("--keys", "print its keys, too", false)
    .addHelpText("after", examples("raftkv lease time-left 42", "raftkv lease time-left 42 --keys"))
    .action((id: number, _: object, command: Command) =>
      leaseTimeLeft(id, command.optsWithGlobals<LeaseTimeLeftOptions>()),
    );
}

function leaseId(): Argument {
  return new Argument("<id>", "the lease").argParser(parseLeaseId);
}
