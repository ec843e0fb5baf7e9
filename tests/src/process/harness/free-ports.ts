import { createServer } from "node:net";

/**
 * Where ports are looked for: below those that systems give to outgoing connections (RFC 6335 has them begin at 49152, Linux
 * at 32768), since one of those may be taken between being found free and being listened on.
 */
const first = 20_000;
const count = 12_000;

/** Test files that run at the same time, each in a process of its own, look in different places. */
let next = (process.pid * 61) % count;

/** Ports on 127.0.0.1 that were free a moment ago, all different from each other and from those given before. */
export async function freePorts(wanted: number): Promise<readonly number[]> {
  const ports: number[] = [];
  for (let tries = 0; ports.length < wanted; tries++) {
    if (tries === count) throw new Error(`${wanted} free ports between ${first} and ${first + count - 1}`);
    const port = first + (next++ % count);
    if (await isFree(port)) ports.push(port);
  }
  return ports;
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(false));
    server.listen(port, "127.0.0.1", () => server.close(() => resolve(true)));
  });
}
