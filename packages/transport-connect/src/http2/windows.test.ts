import { once } from "node:events";
import { connect, createServer, type ServerHttp2Session } from "node:http2";
import { expect, it, vi } from "vitest";
import { eventually, startListener } from "../testing/loopback.ts";
import { helloFrom, helloRequest, rawPeer } from "../testing/raw-peer.ts";

// Real sockets on a machine that may be busy.
vi.setConfig({ testTimeout: 20_000 });

import { defaultWindows } from "./windows.ts";

it("the listener opens large windows, for a stream and for the session", async () => {
  const listener = await startListener(() => {});
  const session = connect(`http://127.0.0.1:${listener.port}`);
  await once(session, "remoteSettings");
  expect(session.remoteSettings.initialWindowSize).toBe(defaultWindows.streamBytes);
  await eventually("the session's window", () => session.state.remoteWindowSize === defaultWindows.sessionBytes);
  session.destroy();
  await listener.close(0);
});

it("so does a connection to a peer", async () => {
  const server = createServer();
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no TCP address");
  const arrival = new Promise<ServerHttp2Session>((resolve) => server.once("session", resolve));
  const peer = rawPeer(`127.0.0.1:${address.port}`);
  const member = { id: 2, address: "", memberId: "member-2" };
  const call = peer.client.messages(
    (async function* () {
      yield helloRequest(helloFrom(1, { member }));
    })(),
  );
  const ended = call[Symbol.asyncIterator]()
    .next()
    .catch(() => undefined);
  const session = await arrival;
  await eventually("the session's window", () => session.state.remoteWindowSize === defaultWindows.sessionBytes);
  expect(session.remoteSettings.initialWindowSize).toBe(defaultWindows.streamBytes);
  peer.close();
  await ended;
  await new Promise((resolve) => server.close(resolve));
});
