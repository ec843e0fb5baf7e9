import type { Socket } from "node:net";
import type { Clock } from "@raftkv/raft-core";

/** What every HTTP/2 connection with prior knowledge begins with (RFC 9113, section 3.4). */
const preface = Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "latin1");

export type SniffedProtocol = "http1" | "http2";

/**
 * Waits for the first bytes of a connection and says which protocol they are; the socket still holds them. A socket
 * that ends before, or sends nothing for `timeoutMs`, is destroyed, and nobody is called.
 */
export function sniffProtocol(
  socket: Socket,
  clock: Clock,
  timeoutMs: number,
  onProtocol: (protocol: SniffedProtocol) => void,
): void {
  let received = Buffer.alloc(0);
  const timer = clock.setTimer(timeoutMs, () => socket.destroy());
  const give = (): void => {
    socket.destroy();
  };
  socket.on("readable", onReadable);
  socket.once("end", give);
  socket.once("close", () => timer.cancel());

  function onReadable(): void {
    const chunk: Buffer | null = socket.read();
    if (chunk === null || socket.destroyed) return;
    received = Buffer.concat([received, chunk]);
    const protocol = protocolOf(received);
    if (protocol === undefined) return;
    timer.cancel();
    socket.off("readable", onReadable);
    socket.off("end", give);
    socket.unshift(received);
    onProtocol(protocol);
  }
}

/** Undefined while the bytes could still become either. */
function protocolOf(received: Buffer): SniffedProtocol | undefined {
  const length = Math.min(received.length, preface.length);
  if (!received.subarray(0, length).equals(preface.subarray(0, length))) return "http1";
  return length === preface.length ? "http2" : undefined;
}
