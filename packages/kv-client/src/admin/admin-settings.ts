import { checkTimeout } from "../call.ts";
import { type Address, parseEndpoint } from "../endpoint.ts";
import { invalidArgument } from "../error.ts";
import type { ClientPorts } from "../ports.ts";
import { portsOf } from "../real-ports.ts";
import type { StatusSettings } from "../status.ts";

/** Its ports are for tests: it has the real ones of the process unless told. */
export interface RaftKvAdminOptions extends Partial<ClientPorts> {
  /** At least one node, as `host:port` or `http://host:port`; the others are found from there. */
  readonly endpoints: readonly string[];
  /** The deadline of a call with all its retries, unless the call has its own. Default 5,000. */
  readonly timeoutMs?: number;
}

/** The options, checked and complete. */
export interface AdminSettings extends StatusSettings {
  readonly addresses: readonly Address[];
}

/** Throws INVALID_ARGUMENT with the option, what was found and what was expected. */
export function readAdminOptions(options: RaftKvAdminOptions): AdminSettings {
  if (!Array.isArray(options?.endpoints) || options.endpoints.length === 0) {
    throw invalidArgument('endpoints: expected at least one, such as ["127.0.0.1:50051"]');
  }
  return {
    addresses: options.endpoints.map(parseEndpoint),
    timeoutMs: checkTimeout(options.timeoutMs ?? 5_000),
    ...portsOf(options),
  };
}
