/** The addresses of jobs. */
import { createRoute, lazyRouteComponent } from "@tanstack/react-router";
import { shellRoute } from "../../app/root-routes.tsx";
import { readListSearch } from "../../data/list-query.ts";

const listRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: "/jobs",
  validateSearch: readListSearch,
  component: lazyRouteComponent(() => import("../jobs/jobs-page.tsx"), "JobsPage"),
});

const detailRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: "/jobs/$id",
  component: lazyRouteComponent(() => import("./job-page.tsx"), "JobPage"),
});

const createPageRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: "/jobs/new",
  component: lazyRouteComponent(() => import("./job-edit-page.tsx"), "CreateJobPage"),
});

const editPageRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: "/jobs/$id/edit",
  component: lazyRouteComponent(() => import("./job-edit-page.tsx"), "EditJobPage"),
});

/** The list, and all pages of one job. */
export const jobRoutes = [listRoute, detailRoute, createPageRoute, editPageRoute] as const;
