/** Versions of a service as people read them: who, when, why, and what differs from the version before. */

import type { FieldChange } from "#contracts/observe/audit.ts";
import type { HistoryEntry } from "#contracts/services/own-endpoints.ts";
import { fieldChanges } from "#domain/changes/index.ts";
import type { AppDefinition } from "#domain/definitions/app.ts";
import { shownDefinition } from "#domain/definitions/pod.ts";
import { formatInstant } from "#foundation/base/iso-time.ts";
import type { JsonObject } from "#foundation/base/json.ts";
import { type ListQuery, listWindow } from "#foundation/base/list-window.ts";
import type { Origin } from "./origin.ts";
import type { ServicesState } from "./state.ts";

interface Version {
  readonly at: number;
  readonly definition: AppDefinition;
  readonly origin: Origin | undefined;
  readonly before: AppDefinition | undefined;
}

/** Newest first; undefined for an unknown service. */
export function showHistory(
  state: ServicesState,
  appId: string,
  query: ListQuery,
): { readonly items: readonly HistoryEntry[]; readonly total: number } | undefined {
  const app = state.apps.get(appId);
  if (app === undefined) return undefined;
  const current = { definition: app.definition, origin: app.origin };
  const sorted = [...app.history, [app.versions.version, current] as const].sort(
    ([one], [other]) => one - other,
  );
  const versions = sorted
    .map(([at, { definition, origin }], index): Version => {
      return { at, definition, origin, before: sorted[index - 1]?.[1].definition };
    })
    .reverse();
  const window = listWindow(versions, query, {
    words: ({ at, origin }) => [formatInstant(at), ...Object.values(origin ?? {})],
    fields: {
      version: ({ at }) => formatInstant(at),
      user: ({ origin }) => origin?.user,
      at: ({ at }) => at,
      instances: ({ definition }) => definition.instances,
    },
  });
  return {
    total: window.total,
    items: window.items.map(
      ({ at, definition, origin, before }): HistoryEntry => ({
        version: formatInstant(at),
        isCurrent: at === app.versions.version,
        at,
        ...origin,
        changes: before === undefined ? [] : [...definitionChanges(before, definition)],
        instances: definition.instances,
      }),
    ),
  };
}

/** Versions say when, not what. */
export function definitionChanges(
  before: AppDefinition | undefined,
  after: AppDefinition | undefined,
): readonly FieldChange[] {
  return fieldChanges(
    before === undefined ? undefined : shown(before),
    after === undefined ? undefined : shown(after),
  );
}

function shown(definition: AppDefinition): JsonObject {
  const { version: _version, versionInfo: _versionInfo, ...rest } = definition;
  // A definition is JSON by construction; its type only lacks the index signature.
  return shownDefinition(rest) as unknown as JsonObject;
}
