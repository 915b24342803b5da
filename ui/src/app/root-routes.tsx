/** The roots of the route tree: with the shell around a page, and without. */
import { createRootRoute, createRoute } from "@tanstack/react-router";
import { NotFoundPage } from "../pages/errors/not-found-page.tsx";
import { Shell } from "./shell.tsx";

export const rootRoute = createRootRoute({ notFoundComponent: NotFoundPage });
export const shellRoute = createRoute({ getParentRoute: () => rootRoute, id: "shell", component: Shell });
