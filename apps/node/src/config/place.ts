import { exitCodes } from "../exit/exit-code.ts";
import { NodeFailure } from "../exit/node-failure.ts";
import { formatAddress, type HostAndPort, parseAddress } from "./address.ts";
import { defaultListenAddress, type Settings } from "./settings.ts";

/** Where a node listens, and where it says that it is. */
export interface Place {
  readonly listen: HostAndPort;
  /** `host:port`, given the port that it really listens on. */
  advertised(port: number): string;
}

const everywhere: ReadonlySet<string> = new Set(["0.0.0.0", "::"]);

/** What is wrong with `address` as one at which others reach a node, if anything is. */
export function whyUnreachable(address: string): string | undefined {
  if (!everywhere.has(parseAddress(address)?.host ?? "")) return undefined;
  return (
    `${address} is no address at which others can reach this node: say where they can, with --advertise, before other nodes ` +
    "are to join it"
  );
}

/**
 * `known` is the address that the cluster has for this node, if it has one: it counts for more than cluster.conf, which
 * only says how the cluster was formed. Throws a `NodeFailure` where a node that is to join would be reached nowhere.
 */
export function placeOf(settings: Settings, nodeId: number, known: string | undefined): Place {
  const { listen, advertise, founders, join } = settings;
  const configured = founders?.find(({ id }) => id === nodeId)?.address;
  const isMovable = configured === undefined && listen !== undefined && !everywhere.has(listen.host);
  const said = advertise ?? (isMovable ? undefined : (known ?? configured));
  const place = listen ?? parse(said) ?? parse(defaultListenAddress);
  if (place === undefined) throw new Error(`${said} is no address`);
  if (said === undefined && join.length > 0 && everywhere.has(place.host)) {
    throw new NodeFailure(
      exitCodes.usage,
      `${formatAddress(place)} is no address at which others can reach this node: say where they can, with --advertise`,
    );
  }
  return { listen: place, advertised: (port) => said ?? formatAddress({ host: place.host, port }) };
}

function parse(address: string | undefined): HostAndPort | undefined {
  return address === undefined ? undefined : parseAddress(address);
}
