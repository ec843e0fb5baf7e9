import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { type ClientHttp2Session, connect } from "node:http2";
import { join } from "node:path";
import { type Measurement, measure } from "./measure.ts";

/** The floor of a round trip: 256 bytes to a process that sends them back, over Node's http2 and nothing else. */
export async function measureHttp2Echo(callers: number, durationMs: number): Promise<Measurement> {
  const server = spawn(process.execPath, [join(import.meta.dirname, "http2-echo-server.ts")], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const session = connect(`http://127.0.0.1:${await portOf(server)}`);
  try {
    const body = Buffer.alloc(256, 7);
    return await measure({
      name: "floor: http2 echo of 256 bytes",
      callers,
      warmUpMs: 500,
      durationMs,
      operation: () => echo(session, body),
    });
  } finally {
    session.destroy();
    server.kill();
  }
}

async function portOf(server: ChildProcess): Promise<string> {
  if (server.stdout === null) throw new Error("the echo server has no output");
  const [line] = await once(server.stdout, "data");
  return String(line).trim();
}

function echo(session: ClientHttp2Session, body: Buffer): Promise<void> {
  return new Promise((resolve, reject) => {
    const stream = session.request({ ":method": "POST", ":path": "/" });
    stream.on("error", reject);
    stream.on("end", resolve);
    stream.resume();
    stream.end(body);
  });
}
