export { shapeFailure } from "./answers.ts";
export { configJson } from "./config-json.ts";
export { withHttpFace } from "./http-face.ts";
export { addOwnReads } from "./own-routes.ts";
export { Requests } from "./requests.ts";
export { addJobRoutes } from "./routes.ts";
export { addStandbyRoutes, proxyManners } from "./standby.ts";
export { addSystemRoutes } from "./system-routes.ts";
