/** `/secrets/v1/store`, `/seal-status`, `/ping` and what can't be done with a store that is always open. */
import { empty, type HttpServer, json } from "#foundation/http/index.ts";
import { Refused } from "./answers.ts";
import { answering, storeName } from "./secret-routes.ts";

const store = {
  name: storeName,
  initialized: true,
  sealed: false,
  driver: "keelson",
  description: "secrets of this cluster, sealed with its own key",
};

export function addStoreRoutes(server: HttpServer): void {
  const get = (path: string, answer: object): void =>
    server.route({ method: "GET", path: `/secrets/v1${path}`, handler: () => json(answer) });
  get("/store", { array: [store] });
  get(`/store/${storeName}`, store);
  get(`/init/${storeName}`, { initialized: true });
  get(`/seal-status/${storeName}`, { sealed: false, shares: 1, threshold: 1, progress: 0 });
  for (const path of ["/ping", `/ping/backends/${storeName}`])
    server.route({ method: "GET", path: `/secrets/v1${path}`, access: "open", handler: () => empty(200) });
  for (const [method, path] of [
    ["PUT", "/store/:store"],
    ["DELETE", "/store/:store"],
    ["PUT", "/init/:store"],
    ["PUT", "/seal/:store"],
    ["PUT", "/unseal/:store"],
    ["PUT", "/auto-unseal/:store"],
    ["PUT", "/revoke/*"],
    ["PUT", "/renew/*"],
  ] as const)
    server.route({
      method,
      path: `/secrets/v1${path}`,
      handler: () =>
        answering(() => {
          throw new Refused(
            501,
            "ERR_NOT_IMPLEMENTED",
            "there is one store, which is always open, and its secrets do not expire",
          );
        }),
    });
}
