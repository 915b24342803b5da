/** Groups as `/v2/groups` shows them. Source: contract marathon.md sections 2.1 and 2.3. */
import type { InstantMs } from "#foundation/base/core.ts";
import type { JsonObject } from "#foundation/base/json.ts";
import type { GroupThenView, GroupView } from "../core/index.ts";
import { appJson, type Embed, readEmbeds } from "./app-json.ts";

export interface GroupEmbeds {
  readonly apps: boolean;
  readonly groups: boolean;
  readonly pods: boolean;
  /** Of each app. */
  readonly app: ReadonlySet<Embed>;
}

const appPrefix = "group.apps.";

/** Nothing asked for is everything but details of apps; here these need their whole prefix. */
export function readGroupEmbeds(values: readonly string[]): GroupEmbeds {
  const asked = new Set(values.length === 0 ? ["group.apps", "group.groups", "group.pods"] : values);
  const details = [...asked].filter((value) => value.startsWith(appPrefix));
  return {
    // Whoever asks for details of apps asks for apps.
    apps: asked.has("group.apps") || details.length > 0,
    groups: asked.has("group.groups"),
    pods: asked.has("group.pods"),
    app: readEmbeds(
      details.map((value) => value.slice(appPrefix.length)),
      [],
    ),
  };
}

/** `choose`: what of each app and pod is wanted. */
export function groupJson(
  group: GroupView,
  embeds: GroupEmbeds,
  { now, choose }: { readonly now: InstantMs; readonly choose: (item: unknown) => unknown },
): JsonObject {
  return {
    id: group.id,
    ...(embeds.apps
      ? { apps: group.apps().map((view) => choose(appJson(view, embeds.app, now)) as JsonObject) }
      : {}),
    ...(embeds.pods ? { pods: group.pods().map((pod) => choose(pod.status(now)) as JsonObject) } : {}),
    ...(embeds.groups
      ? { groups: group.groups().map((below) => groupJson(below, embeds, { now, choose })) }
      : {}),
    ...termsJson(group),
  };
}

export function groupThenJson(group: GroupThenView, embeds: GroupEmbeds): JsonObject {
  return {
    id: group.id,
    ...(embeds.apps ? { apps: group.apps().map((definition) => definition as unknown as JsonObject) } : {}),
    ...(embeds.pods
      ? { pods: group.pods().map((spec) => ({ id: spec.id, spec: spec as unknown as JsonObject })) }
      : {}),
    ...(embeds.groups ? { groups: group.groups().map((below) => groupThenJson(below, embeds)) } : {}),
    ...termsJson(group),
  };
}

function termsJson(group: GroupView | GroupThenView): JsonObject {
  return {
    dependencies: group.dependencies,
    version: group.version,
    ...(group.enforceRole === undefined ? {} : { enforceRole: group.enforceRole }),
  };
}
