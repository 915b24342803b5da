/** What a request to the core means for the audit trail: action, object, and the definitions before and after. */

import { anonymousUser } from "#contracts/identity.ts";
import type { FieldChange } from "#contracts/observe/audit.ts";
import { fieldChanges } from "#domain/changes/index.ts";
import { type AppDefinition, shownDefinition } from "#domain/definitions/index.ts";
import type { JsonObject } from "#foundation/base/json.ts";
import { currentCall } from "#frameworks/base/shell/call-audit.ts";
import { isRestricted } from "#frameworks/base/shell/sight.ts";
import type { Origin, ServicesQueries, WishedChange } from "../core/index.ts";
import type { RequestEvent, RequestWatch } from "./requests.ts";
import { demandService } from "./sight.ts";

export interface RequestNote {
  readonly action: string;
  readonly object: string;
  /** Services that may change, looked up again afterwards; a group means all below it. */
  readonly services: readonly string[];
  readonly group?: string;
}

type Reads = Pick<ServicesQueries, "definition" | "deployment" | "task" | "listDefinitions">;

/** Gives each request its origin, and the call that made it what it did. */
export function watchRequests(queries: Reads): RequestWatch {
  return (event) => {
    const call = currentCall();
    const isDryRun = event.kind === "changeGroup" && event.isDryRun;
    if (isDryRun) demandChange(event, noteOf(event, queries), queries);
    if (call === undefined || isDryRun) return { event, settled: () => undefined };
    const note = noteOf(event, queries);
    demandChange(event, note, queries);
    call.action ??= note.action;
    call.object ??= note.object;
    const message = "origin" in event ? event.origin?.message : undefined;
    if (message !== undefined) call.message = message;
    const before = definitionsOf(note, queries);
    return {
      event: withOrigin(event, call.caller),
      settled: (result) => {
        if ("deploymentId" in result && result.deploymentId !== undefined)
          call.deploymentId = result.deploymentId;
        call.changes = [...call.changes, ...changesBetween(before, definitionsOf(note, queries))];
      },
    };
  };
}

/** Throws `Forbidden` unless the caller may change all of it; what is not there yet is created. */
export function demandChange(
  event: RequestEvent,
  { services, group }: RequestNote,
  queries: Pick<Reads, "definition">,
): void {
  if (!isRestricted()) return;
  const removed = new Set(
    event.kind === "changeApps" ? event.removals : event.kind === "applyChange" ? event.wish.removals : [],
  );
  for (const id of services) {
    const isThere = queries.definition(id) !== undefined;
    demandService(id, removed.has(id) ? "delete" : isThere ? "update" : "create");
  }
  if (group !== undefined)
    demandService(
      group,
      event.kind === "changeGroup" && event.change.kind === "remove" ? "delete" : "update",
    );
  if (event.kind === "resetDelay") demandService(event.appId, "update");
  if (event.kind === "patchGroup") demandService(event.groupId, "update");
}

/** Nobody in particular is not written down as somebody. */
function withOrigin(
  event: RequestEvent,
  { user, from }: { readonly user: string; readonly from: string },
): RequestEvent {
  if (event.kind === "resetDelay" || event.kind === "patchGroup") return event;
  const origin: Origin = { ...(user === anonymousUser ? {} : { user }), from, ...event.origin };
  return { ...event, origin };
}

export function noteOf(event: RequestEvent, queries: Reads): RequestNote {
  switch (event.kind) {
    case "changeApps": {
      const upserts = event.upserts.map(({ definition }) => definition.id);
      const services = [...upserts, ...event.removals];
      return { action: changeAction(event, queries), object: nameOf(services), services };
    }
    case "applyChange": {
      const upserts = event.wish.upserts.map(({ definition }) => definition.id);
      const { removals, restarts = [], instances = [] } = event.wish;
      const services = [
        ...new Set([...upserts, ...removals, ...restarts, ...[...instances].map(([id]) => id)]),
      ];
      const { pruneGroup } = event.wish;
      return {
        action: appliedAction(event.wish),
        object: nameOf(services.length > 0 || pruneGroup === undefined ? services : [pruneGroup]),
        services,
        ...(pruneGroup === undefined ? {} : { group: pruneGroup }),
      };
    }
    case "rollBack":
      return { action: "service.rollback", object: event.appId, services: [event.appId] };
    case "restartApp":
      return { action: "service.restart", object: event.appId, services: [event.appId] };
    case "changeGroup": {
      const verbs = { define: "update", scale: "scale", restore: "restore", remove: "delete" } as const;
      return {
        action: `group.${verbs[event.change.kind]}`,
        object: event.groupId,
        services: [],
        group: event.groupId,
      };
    }
    case "patchGroup":
      return { action: "group.update", object: event.groupId, services: [] };
    case "killTasks": {
      const services = new Set(event.ids.flatMap((id) => queries.task(id)?.appId ?? []));
      return {
        action: event.mode === "kill" ? "task.kill" : `task.kill.${event.mode}`,
        object: nameOf(event.ids),
        services: [...services],
      };
    }
    case "cancelDeployment": {
      const { affectedApps = [], affectedPods = [] } = queries.deployment(event.deploymentId) ?? {};
      const services = [...affectedApps, ...affectedPods];
      return { action: "deployment.cancel", object: event.deploymentId, services };
    }
    case "resetDelay":
      return { action: "queue.resetDelay", object: event.appId, services: [] };
  }
}

function changeAction(
  event: Extract<RequestEvent, { kind: "changeApps" }>,
  queries: Pick<Reads, "definition">,
): string {
  if (event.upserts.length === 0) return "service.delete";
  const [first] = event.upserts;
  const before = first === undefined ? undefined : queries.definition(first.definition.id);
  if (before === undefined) return "service.create";
  const paths = fieldChanges(plain(before), plain(first?.definition)).map(({ path }) => path);
  const isScaling =
    event.upserts.length === 1 && paths.length === 1 && /^\/(scaling\/)?instances$/.test(paths[0] ?? "");
  return isScaling ? "service.scale" : "service.update";
}

/** A wish of one kind is called what it is. */
function appliedAction({
  upserts,
  groups,
  pruneGroup,
  removals,
  restarts = [],
  instances,
}: WishedChange): string {
  const kinds = [
    ...(upserts.length + groups.length > 0 || pruneGroup !== undefined ? ["service.apply"] : []),
    ...(removals.length > 0 ? ["service.delete"] : []),
    ...(restarts.length > 0 ? ["service.restart"] : []),
    ...((instances?.size ?? 0) > 0 ? ["service.scale"] : []),
  ];
  return kinds.length === 1 && kinds[0] !== undefined ? kinds[0] : "service.apply";
}

/** Of many only the first is named, with how many there are. */
function nameOf(ids: readonly string[]): string {
  const [first = "", ...others] = ids;
  return others.length === 0 ? first : `${first} +${others.length}`;
}

/** Definitions of the services of a note as they are now. */
export function definitionsOf(note: RequestNote, queries: Reads): ReadonlyMap<string, AppDefinition> {
  const found = new Map<string, AppDefinition>();
  for (const id of note.services) {
    const definition = queries.definition(id);
    if (definition !== undefined) found.set(id, definition);
  }
  if (note.group === undefined) return found;
  const prefix = note.group === "/" ? "/" : `${note.group}/`;
  for (const definition of queries.listDefinitions()) {
    if (definition.id.startsWith(prefix)) found.set(definition.id, definition);
  }
  return found;
}

/** Of one service its fields; of several each field with its service in front. */
export function changesBetween(
  before: ReadonlyMap<string, AppDefinition>,
  after: ReadonlyMap<string, AppDefinition>,
): readonly FieldChange[] {
  const ids = [...new Set([...before.keys(), ...after.keys()])];
  const [only] = ids;
  if (ids.length === 1 && only !== undefined)
    return fieldChanges(plain(before.get(only)), plain(after.get(only)));
  const whole = (side: ReadonlyMap<string, AppDefinition>): JsonObject =>
    Object.fromEntries([...side].map(([id, definition]) => [id, plain(definition)]));
  return fieldChanges(whole(before), whole(after));
}

/** Versions say when, not what. */
function plain(definition: AppDefinition | undefined): JsonObject | undefined {
  if (definition === undefined) return undefined;
  const { version: _version, versionInfo: _versionInfo, ...rest } = definition;
  // Definitions are JSON by construction.
  return shownDefinition(rest) as unknown as JsonObject;
}
