/** The addresses of one service. Its id stands in one segment, slashes encoded: `/services/%2Fshop%2Fcart`. */
import { createRoute, lazyRouteComponent } from "@tanstack/react-router";
import { shellRoute } from "../../app/root-routes.tsx";
import { readServiceSearch } from "./service-search.ts";

const detailRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: "/services/$id",
  validateSearch: readServiceSearch,
  component: lazyRouteComponent(() => import("./service-page.tsx"), "ServicePage"),
});

const createPageRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: "/services/new",
  component: lazyRouteComponent(() => import("../service-edit/create-page.tsx"), "CreatePage"),
});

const editPageRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: "/services/$id/edit",
  component: lazyRouteComponent(() => import("../service-edit/edit-page.tsx"), "EditPage"),
});

/** All pages of one service. */
export const serviceRoutes = [detailRoute, createPageRoute, editPageRoute] as const;
