import { createServer } from "node:http2";

// Run in a process of its own: prints its port, then gives back whatever it is sent.
const server = createServer();
server.on("stream", (stream) => {
  stream.respond({ ":status": 200 });
  stream.pipe(stream);
});
server.listen(0, "127.0.0.1", () => {
  const address = server.address();
  if (address !== null && typeof address === "object") console.log(address.port);
});
