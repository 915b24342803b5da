/** Apps as `/v2/apps` shows them, with what the client asked to embed. Source: contract marathon.md section 2.1. */
import type { InstantMs } from "#foundation/base/core.ts";
import type { JsonObject } from "#foundation/base/json.ts";
import type { HttpRequest } from "#foundation/http/index.ts";
import { type ListWindow, listWindow } from "#frameworks/base/shell/list-window.ts";
import type { AppView, TaskJson } from "../core/index.ts";
import type { WhyOf } from "./why-embed.ts";

export type Embed = "tasks" | "counts" | "deployments" | "readiness" | "lastTaskFailure" | "taskStats";

const known: ReadonlyMap<string, readonly Embed[]> = new Map([
  ["tasks", ["tasks", "deployments"]],
  ["counts", ["counts"]],
  ["deployments", ["deployments"]],
  ["readiness", ["readiness"]],
  ["lastTaskFailure", ["lastTaskFailure"]],
  ["failures", ["tasks", "lastTaskFailure", "deployments"]],
  ["taskStats", ["taskStats"]],
]);

/** Values such as `apps.tasks`, `app.counts` or bare; unknown ones are ignored. */
export function readEmbeds(values: readonly string[], always: readonly Embed[]): ReadonlySet<Embed> {
  const embeds = new Set(always);
  for (const value of values) {
    for (const embed of known.get(value.replace(/^(group\.)?apps?\./, "")) ?? []) embeds.add(embed);
  }
  return embeds;
}

export function appJson(view: AppView, embeds: ReadonlySet<Embed>, now: InstantMs): JsonObject {
  const counts = {
    tasksStaged: view.tasksStaged,
    tasksRunning: view.tasksRunning,
    tasksHealthy: view.tasksHealthy,
    tasksUnhealthy: view.tasksUnhealthy,
  };
  return {
    ...(view.definition as unknown as JsonObject),
    ...(embeds.has("counts") ? counts : {}),
    ...(embeds.has("deployments") ? { deployments: view.deployments.map(({ id }) => ({ id })) } : {}),
    ...(embeds.has("readiness") ? { readinessCheckResults: view.readinessCheckResults() } : {}),
    ...(embeds.has("tasks") ? { tasks: view.tasks().map(taskOfApp) } : {}),
    ...(embeds.has("lastTaskFailure") && view.lastTaskFailure !== undefined
      ? { lastTaskFailure: view.lastTaskFailure as unknown as JsonObject }
      : {}),
    ...(embeds.has("taskStats") ? { tasksStats: view.taskStats(now) } : {}),
  };
}

/** Service ports are only shown in `/v2/tasks`. */
export function taskOfApp(task: TaskJson): JsonObject {
  const { servicePorts: _servicePorts, ...shown } = task;
  return shown as unknown as JsonObject;
}

/** Of a list of apps what the client wants to have of it. */
export function appWindow(
  request: Pick<HttpRequest, "query" | "path">,
  apps: readonly AppView[],
  {
    embeds,
    now,
    whyOf = () => ({}),
  }: { readonly embeds: ReadonlySet<Embed>; readonly now: InstantMs; readonly whyOf?: WhyOf },
): ListWindow {
  return listWindow(request, apps, {
    idOf: ({ definition }) => definition.id,
    show: (view) => ({ ...appJson(view, embeds, now), ...whyOf(view.definition.id) }),
  });
}
