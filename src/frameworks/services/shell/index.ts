export { shapeFailure } from "./answers.ts";
export { addAppRoutes } from "./app-routes.ts";
export { EventStreams } from "./event-streams.ts";
export { addGroupRoutes } from "./group-routes.ts";
export { probe } from "./prober.ts";
export { Requests } from "./requests.ts";
export { addSystemRoutes } from "./system-routes.ts";
