import { connect, createServer, type Socket } from "node:net";

/** A TCP proxy that can stop passing bytes on without closing anything, as a peer without power does. */
export interface FreezableProxy {
  readonly address: string;
  freeze(): void;
  /** New connections pass; those that were frozen stay so. */
  thaw(): void;
  close(): Promise<void>;
}

export async function startProxy(target: string): Promise<FreezableProxy> {
  const [host = "", port] = target.split(":");
  const sockets = new Set<Socket>();
  let isFrozen = false;
  const server = createServer((near) => {
    const far = connect({ host, port: Number(port) });
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(from);
      from.on("error", () => {});
      from.once("close", () => to.destroy());
      if (!isFrozen) from.pipe(to, { end: false });
    }
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no TCP address");
  return {
    address: `127.0.0.1:${address.port}`,
    freeze: () => {
      isFrozen = true;
      for (const socket of sockets) socket.unpipe();
    },
    thaw: () => {
      isFrozen = false;
    },
    close: () =>
      new Promise((resolve) => {
        for (const socket of sockets) socket.destroy();
        server.close(() => resolve());
      }),
  };
}
