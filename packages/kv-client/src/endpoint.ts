import { invalidArgument } from "./error.ts";

/** `host:port`, with brackets around an IPv6 host. */
export type Address = string;

/** Reads `host:port` or `http://host:port`. Throws INVALID_ARGUMENT with what was found and expected. */
export function parseEndpoint(endpoint: string): Address {
  const wrong = (why: string) =>
    invalidArgument(`endpoint ${JSON.stringify(endpoint)}: ${why}; expected host:port or http://host:port`);
  if (typeof endpoint !== "string") throw wrong("not a string");
  if (/^https:/i.test(endpoint)) throw wrong("https is not supported");
  const rest = endpoint
    .trim()
    .replace(/^http:\/\//i, "")
    .replace(/\/$/, "");
  const match = /^(\[[0-9a-f:.%]+\]|[^\s:/?#@[\]]+):(\d{1,5})$/i.exec(rest);
  if (match === null) throw wrong("not an address");
  const port = Number(match[2]);
  if (port < 1 || port > 65535) throw wrong("the port is not between 1 and 65535");
  return `${match[1]?.toLowerCase()}:${port}`;
}

/** What a node says of itself or of its leader: undefined instead of an error where it cannot be used. */
export function parseAnnounced(address: string): Address | undefined {
  try {
    return parseEndpoint(address);
  } catch {
    return undefined;
  }
}
