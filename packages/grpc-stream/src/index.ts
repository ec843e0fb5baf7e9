export { ClientCall, requestHeaders } from "./client-call.ts";
export { type EncodedMessage, encodeEnvelope } from "./envelope.ts";
export { ServerCall } from "./server-call.ts";
export type { StreamListener } from "./stream-listener.ts";
export { StreamRouter, type StreamRoutes } from "./stream-router.ts";
