import { once } from "node:events";
import { connect, createServer, type Server, type Socket } from "node:net";

/**
 * An address on loopback that leads to a node, and lets only so many bytes through to it on each connection: who it is can be
 * asked, and a message that is larger stays on the way for as long as a test wants.
 */
export class NarrowPipe implements AsyncDisposable {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  readonly #incoming = new Set<Socket>();
  #port = 0;
  #bytes: number;

  private constructor(bytes: number) {
    this.#bytes = bytes;
    this.#server = createServer((socket) => this.#join(socket));
  }

  static async open(bytes: number): Promise<NarrowPipe> {
    const pipe = new NarrowPipe(bytes);
    pipe.#server.listen(0, "127.0.0.1");
    await once(pipe.#server, "listening");
    return pipe;
  }

  get address(): string {
    const address = this.#server.address();
    if (address === null || typeof address === "string") throw new Error("the pipe is closed");
    return `127.0.0.1:${address.port}`;
  }

  /** Where it leads; nowhere before. */
  leadTo(endpoint: string): void {
    this.#port = Number(endpoint.split(":").at(-1));
  }

  /** From now on everything goes through. */
  widen(): void {
    this.#bytes = Number.POSITIVE_INFINITY;
    for (const socket of this.#incoming) socket.resume();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
    await once(this.#server, "close");
  }

  #join(incoming: Socket): void {
    const outgoing = connect(this.#port, "127.0.0.1");
    this.#incoming.add(incoming);
    this.#until(incoming, outgoing);
    this.#until(outgoing, incoming);
    outgoing.pipe(incoming);
    let passed = 0;
    incoming.on("data", (chunk: Buffer) => {
      passed += chunk.length;
      outgoing.write(chunk);
      if (passed >= this.#bytes) incoming.pause();
    });
  }

  /** One side's end is the other's. */
  #until(socket: Socket, other: Socket): void {
    this.#sockets.add(socket);
    socket.on("error", () => undefined);
    socket.once("close", () => {
      this.#sockets.delete(socket);
      this.#incoming.delete(socket);
      other.destroy();
    });
  }
}
