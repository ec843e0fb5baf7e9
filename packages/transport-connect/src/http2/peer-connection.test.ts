import { once } from "node:events";
import { createServer as createHttp2Server, type ServerHttp2Session } from "node:http2";
import type { Server } from "node:net";
import { afterEach, expect, it, vi } from "vitest";
import { startListener, startSilentServer } from "../testing/loopback.ts";

// Real sockets on a machine that may be busy.
vi.setConfig({ testTimeout: 20_000 });

import { type RawPeer, rawPeer } from "../testing/raw-peer.ts";

const open: { close(): void | Promise<void> }[] = [];

afterEach(async () => {
  await Promise.all(open.splice(0).map((part) => part.close()));
});

/** Takes calls and never answers them. */
async function mute(): Promise<{ readonly peer: RawPeer; readonly session: Promise<ServerHttp2Session> }> {
  const server = createHttp2Server();
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const session = new Promise<ServerHttp2Session>((resolve) => {
    server.once("session", (arrived) => {
      arrived.on("stream", (stream) => {
        stream.on("error", () => {});
        resolve(arrived);
      });
    });
  });
  const peer = rawPeer(`127.0.0.1:${portOf(server)}`);
  open.push(peer, { close: () => void server.close() });
  return { peer, session };
}

function portOf(server: Pick<Server, "address">): number {
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no TCP address");
  return address.port;
}

const request = { fromNodeId: 1n, fromMemberId: "m" };

it("a call without an answer fails when the connection is closed here", async () => {
  const { peer, session } = await mute();
  const call = peer.client.introduce(request);
  await session;
  peer.close();
  await expect(call).rejects.toThrow(/the connection is closed/);
});

it("a call without an answer fails when the peer hangs up, politely or not", async () => {
  for (const hangUp of [
    (session: ServerHttp2Session) => session.destroy(),
    (session: ServerHttp2Session) => session.socket.resetAndDestroy(),
  ]) {
    const { peer, session } = await mute();
    const call = peer.client.introduce(request);
    hangUp(await session);
    await expect(call).rejects.toThrow();
  }
});

it("a call fails when it is made on a closed connection, and when nobody listens", async () => {
  const silent = await startSilentServer();
  await silent.close();
  const nobody = rawPeer(silent.address);
  open.push(nobody);
  await expect(nobody.client.introduce(request)).rejects.toThrow(/ECONNREFUSED/);

  const listener = await startListener(() => {});
  open.push({ close: () => listener.close(0) });
  const closed = rawPeer(`127.0.0.1:${listener.port}`);
  closed.close();
  await expect(closed.client.introduce(request)).rejects.toThrow(/the connection is closed/);
});

it("can be closed at any moment while it is dialled", async () => {
  const listener = await startListener(() => {});
  open.push({ close: () => listener.close(0) });
  for (let turns = 0; turns < 60; turns += 1) {
    const peer = rawPeer(`127.0.0.1:${listener.port}`);
    const call = peer.client.introduce(request).catch((error: unknown) => error);
    const deadline = performance.now() + turns * 0.1;
    while (performance.now() < deadline) await new Promise((resolve) => setImmediate(resolve));
    peer.close();
    await call;
  }
});
