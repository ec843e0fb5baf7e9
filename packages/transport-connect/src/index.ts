export { WireError } from "./codec/wire-error.ts";
export { ConnectTransport, type ConnectTransportOptions } from "./connect-transport.ts";
export type { Formation, Introducer, Introduction } from "./introduce/introduction.ts";
export { listen, type ServerListener } from "./listener/listen.ts";
export { ListenError, type ListenErrorCode } from "./listener/listen-error.ts";
export {
  defaultListenerLimits,
  type ListenerLimits,
  type ListenOptions,
  type ServerReply,
  type ServerRequest,
} from "./listener/listener-options.ts";
export { defaultTransportLimits, type TransportLimits } from "./transport-limits.ts";
