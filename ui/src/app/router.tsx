/** The console's addresses. Pages load when they are opened. Addresses stand behind `#`, as DC/OS' console had them. */
import {
  createHashHistory,
  createRoute,
  createRouter,
  lazyRouteComponent,
  redirect,
} from "@tanstack/react-router";
import type { ReactNode } from "react";
import { readListSearch } from "../data/list-query.ts";
import { ErrorPage } from "../pages/errors/error-page.tsx";
import { NotFoundPage } from "../pages/errors/not-found-page.tsx";
import { serviceRoute } from "../pages/service/service-routes.tsx";
import { rootRoute, shellRoute } from "./root-routes.tsx";

const loginRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: "/login",
  validateSearch: (search: Record<string, unknown>): { redirect?: string } =>
    typeof search["redirect"] === "string" ? { redirect: search["redirect"] } : {},
  component: lazyRouteComponent(() => import("../pages/login/login-page.tsx"), "LoginPage"),
});

const homeRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: "/",
  beforeLoad: () => {
    throw redirect({ to: "/nodes" });
  },
});
const nodesRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: "/nodes",
  validateSearch: readListSearch,
  component: lazyRouteComponent(() => import("../pages/nodes/nodes-page.tsx"), "NodesPage"),
});

const routeTree = rootRoute.addChildren([
  loginRoute,
  shellRoute.addChildren([homeRoute, serviceRoute, nodesRoute]),
]);

export function createConsoleRouter() {
  return createRouter({
    routeTree,
    history: createHashHistory(),
    defaultPreload: "intent",
    defaultErrorComponent: ({ error, reset }): ReactNode => <ErrorPage error={error} onRetry={reset} />,
    defaultNotFoundComponent: NotFoundPage,
    scrollRestoration: true,
  });
}

declare module "@tanstack/react-router" {
  interface Register {
    router: ReturnType<typeof createConsoleRouter>;
  }
}
