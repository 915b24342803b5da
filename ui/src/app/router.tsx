/** The console's addresses. Pages load when they are opened. Addresses stand behind `#`, as DC/OS' console had them. */
import {
  createHashHistory,
  createRoute,
  createRouter,
  lazyRouteComponent,
  redirect,
} from "@tanstack/react-router";
import type { ReactNode } from "react";
import { type ListSearch, readListSearch } from "../data/list-query.ts";
import { ErrorPage } from "../pages/errors/error-page.tsx";
import { NotFoundPage } from "../pages/errors/not-found-page.tsx";
import { jobRoutes } from "../pages/job/job-routes.tsx";
import { serviceRoutes } from "../pages/service/service-routes.tsx";
import { rootRoute, shellRoute } from "./root-routes.tsx";

/** Tasks: also those that ended. */
function readTaskSearch(search: Record<string, unknown>): ListSearch & { readonly ended?: true } {
  return { ...readListSearch(search), ...(search["ended"] === true ? { ended: true as const } : {}) };
}

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
    throw redirect({ to: "/dashboard" });
  },
});
const dashboardRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: "/dashboard",
  component: lazyRouteComponent(() => import("../pages/dashboard/dashboard-page.tsx"), "DashboardPage"),
});
const servicesRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: "/services",
  validateSearch: readListSearch,
  component: lazyRouteComponent(() => import("../pages/services/services-page.tsx"), "ServicesPage"),
});
const nodesRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: "/nodes",
  validateSearch: readListSearch,
  component: lazyRouteComponent(() => import("../pages/nodes/nodes-page.tsx"), "NodesPage"),
});
const nodeRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: "/nodes/$id",
  component: lazyRouteComponent(() => import("../pages/nodes/node-page.tsx"), "NodePage"),
});
const tasksRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: "/tasks",
  validateSearch: readTaskSearch,
  component: lazyRouteComponent(() => import("../pages/tasks/tasks-page.tsx"), "TasksPage"),
});
const taskRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: "/tasks/$id",
  component: lazyRouteComponent(() => import("../pages/tasks/task-page.tsx"), "TaskPage"),
});
const deploymentsRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: "/deployments",
  validateSearch: readListSearch,
  component: lazyRouteComponent(() => import("../pages/deployments/deployments-page.tsx"), "DeploymentsPage"),
});
const eventsRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: "/events",
  component: lazyRouteComponent(() => import("../pages/events/events-page.tsx"), "EventsPage"),
});
const auditRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: "/audit",
  validateSearch: readListSearch,
  component: lazyRouteComponent(() => import("../pages/audit/audit-page.tsx"), "AuditPage"),
});
const settingsRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: "/settings",
  component: lazyRouteComponent(() => import("../pages/settings/settings-page.tsx"), "SettingsPage"),
});

const routeTree = rootRoute.addChildren([
  loginRoute,
  shellRoute.addChildren([
    homeRoute,
    ...serviceRoutes,
    ...jobRoutes,
    dashboardRoute,
    servicesRoute,
    nodesRoute,
    nodeRoute,
    tasksRoute,
    taskRoute,
    deploymentsRoute,
    eventsRoute,
    auditRoute,
    settingsRoute,
  ]),
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
