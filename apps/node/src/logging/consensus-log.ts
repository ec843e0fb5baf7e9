import type { Logger } from "@raftkv/raft-core";
import type { LogFields, NodeLog } from "./node-log.ts";

/** The names of what consensus reports. */
const events: ReadonlyMap<string, string> = new Map([
  ["compacted the log", "compacted"],
  ["sending a snapshot", "snapshot-sending"],
  ["sent a snapshot", "snapshot-sent"],
  ["sending a snapshot failed", "snapshot-failed"],
  ["found the beginning of a snapshot", "snapshot-partial"],
  ["receiving a snapshot", "snapshot-receiving"],
  ["took over a snapshot", "snapshot-received"],
  ["handing leadership over", "handing-over"],
  ["leadership was not handed over", "handing-over-failed"],
  ["stepping down", "stepping-down"],
]);

/** Said by the node itself, in full sentences. */
const saidElsewhere: ReadonlySet<string> = new Set(["role changed", "stopping: the node cannot go on safely"]);

/** What consensus reports, as lines of the node's log: with the facts in the message too, and with the event's name. */
export function consensusLog(log: NodeLog): Logger {
  const level = (name: "debug" | "info" | "warn" | "error") => (message: string, fields?: LogFields) => {
    if (saidElsewhere.has(message)) return;
    const event = events.get(message);
    log[name](`${message}${inWords(fields)}`, event === undefined ? fields : { event, ...fields });
  };
  return { debug: level("debug"), info: level("info"), warn: level("warn"), error: level("error") };
}

function inWords(fields: LogFields = {}): string {
  const facts = Object.entries(fields).filter(([, value]) => ["string", "number"].includes(typeof value));
  return facts.length === 0 ? "" : ` (${facts.map(([name, value]) => `${name} ${value}`).join(", ")})`;
}
