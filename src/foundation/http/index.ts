export {
  type Answer,
  type BodyPart,
  empty,
  json,
  type PlainAnswer,
  parts,
  takeOver,
  text,
} from "./answer.ts";
export { jsonDepthMax, parseJson } from "./bounded-json.ts";
export { type CallInput, callEndpoint } from "./call-endpoint.ts";
export { type Caller, callerOf, isFromDoor, isSameSecret } from "./caller.ts";
export {
  createHttpClient,
  type HttpClient,
  type IncomingAnswer,
  NoAnswer,
  type OpenStream,
  type OutgoingRequest,
  type StreamHandlers,
} from "./client.ts";
export {
  addHelp,
  metricsSnapshotAnswer,
  setLoggingLevel,
  systemMetrics,
  systemStats,
  toggleLogging,
} from "./daemon-answers.ts";
export { EndpointSet } from "./endpoints.ts";
export { EventFanOut } from "./event-fan-out.ts";
export {
  acceptFramedLinks,
  type FramedLink,
  type LinkHandlers,
  linkLimits,
  openFramedLink,
} from "./framed-link.ts";
export { type Access, anonymous, type ExecutorClaims, type Guard, nameOf, type Principal } from "./guard.ts";
export { httpLimits } from "./http-limits.ts";
export { withJsonp } from "./jsonp.ts";
export { checkOrigin, isLoopback } from "./origin-rules.ts";
export { encodeRecord, RecordDecoder, RecordInvalid } from "./recordio.ts";
export { routeThrough } from "./route-through.ts";
export {
  createHttpServer,
  type Failure,
  failureOf,
  type Handler,
  type HttpMetrics,
  type HttpRequest,
  type HttpServer,
  type HttpServerOptions,
  type Route,
} from "./server.ts";
export { EventDecoder, type EventFrame, encodeEvent, eventHeartbeat, type ServerEvent } from "./sse.ts";
export { defaultStreamBounds, openStream, type StreamBounds, type StreamWriter } from "./stream-writer.ts";
export { readTlsIdentity, type TlsFiles, type TlsIdentity } from "./tls.ts";
export { Agent, type RequestOptions, requestVia } from "./undici-agent.ts";
export { acceptWebSockets, type SocketAnswer, type SocketRequest, webSocketLimits } from "./web-socket.ts";
export { acceptsGzip } from "./write-answer.ts";
