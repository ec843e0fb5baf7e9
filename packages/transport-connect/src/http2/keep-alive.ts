import type { Http2Session } from "node:http2";
import type { Clock, Timer } from "@raftkv/raft-core";

export interface KeepAliveOptions {
  readonly clock: Clock;
  readonly intervalMs: number;
  readonly timeoutMs: number;
  /** The other end has not answered in time. */
  readonly onDead: () => void;
  /** True: nobody needs the session any more, and it is closed instead of probed. */
  readonly isDispensable?: () => boolean;
}

/**
 * Probes an HTTP/2 session with pings until it closes. TCP alone takes many minutes to notice that the other end has
 * lost its power, its network or its event loop.
 */
export function keepAlive(session: Http2Session, options: KeepAliveOptions): void {
  const { clock, intervalMs, timeoutMs, onDead } = options;
  let timer: Timer = clock.setTimer(intervalMs, probe);
  session.once("close", () => timer.cancel());

  function probe(): void {
    if (session.destroyed) return;
    if (options.isDispensable?.() === true) {
      session.close();
      return;
    }
    timer = clock.setTimer(timeoutMs, suspect);
    session.ping((error) => {
      timer.cancel();
      if (error === null && !session.destroyed) timer = clock.setTimer(intervalMs, probe);
    });
  }

  /** After a stall of this process the timer is late, and the answer may be here, unread: what has arrived goes first. */
  function suspect(): void {
    timer = clock.setTimer(0, onDead);
  }
}
