import { once } from "node:events";
import { createServer, type Socket } from "node:net";
import { Code, ConnectError } from "@connectrpc/connect";
import { expect, it } from "vitest";
import { Forwarding } from "./forwarding.ts";

it("gives up on a leader that takes the connection and never answers", async () => {
  const sockets: Socket[] = [];
  const silent = createServer((socket) => sockets.push(socket));
  silent.listen(0, "127.0.0.1");
  await once(silent, "listening");
  const address = silent.address();
  if (address === null || typeof address === "string") throw new Error("it listens on a port");
  const forwarding = new Forwarding(100);
  try {
    const client = forwarding.clientOf({ nodeId: 1, address: `127.0.0.1:${address.port}` });
    await expect(client.delete({ keyForm: { case: "keyText", value: "a" } })).rejects.toSatisfy(
      (error) => ConnectError.from(error).code === Code.DeadlineExceeded,
    );
  } finally {
    forwarding.close();
    for (const socket of sockets) socket.destroy();
    silent.close();
  }
});
