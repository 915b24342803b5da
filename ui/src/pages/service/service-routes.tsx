/** The addresses of one service. Its id stands in one segment, slashes encoded: `/services/%2Fshop%2Fcart`. */
import { createRoute, lazyRouteComponent } from "@tanstack/react-router";
import { shellRoute } from "../../app/root-routes.tsx";

export const serviceRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: "/services/$id",
  component: lazyRouteComponent(() => import("./service-page.tsx"), "ServicePage"),
});
