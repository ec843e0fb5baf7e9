import { open } from "../open.ts";

/** A program that opens the data directory it is given, says so, and holds it until it is killed. */
const [dataDir = ""] = process.argv.slice(2);
await open({ dataDir, nodeId: 1, newMemberId: () => "member-of-the-holder", onFailure: () => process.exit(1) });
process.stdout.write("open\n");
