/** What the client's own messages begin with, which no user of a command has called. */
const calls = [
  ...["get", "put", "delete", "deleteRange", "transaction", "range", "count", "history", "compact", "watch", "observe"],
  ...["leases.grant", "leases.keepAlive", "leases.keep", "leases.revoke", "leases.get", "leases.list", "leases.keys"],
  ...["status", "members", "leader", "changeMembership", "leaveJoint", "transferLeadership", "takeSnapshot"],
  ...["inspectAddress", "backup", "check", "close"],
];
const callName = new RegExp(`^(?:${calls.join("|").replaceAll(".", "\\.")}): `);

/** A message of the client as whoever uses a command should read it. */
export function withoutCall(message: string): string {
  return message.replace(callName, "");
}
