/** Which apps an app depends on, groups resolved. Source: contract marathon.md section 8. */
import type { AppDefinition } from "#domain/definitions/app.ts";
import type { AppTable } from "./app-table.ts";

/** Looks at a change as if it had been made already: `overlay` replaces definitions, `removed` hides them. */
export function dependenciesIn(
  apps: AppTable,
  overlay: ReadonlyMap<string, AppDefinition>,
  removed: ReadonlySet<string>,
): (appId: string) => readonly string[] {
  const definitionOf = (appId: string): AppDefinition | undefined =>
    removed.has(appId) ? undefined : (overlay.get(appId) ?? apps.get(appId)?.definition);
  const below = (path: string): readonly string[] => {
    const prefix = path === "/" ? "/" : `${path}/`;
    const found = new Set<string>();
    for (const { id } of apps.all()) {
      if (id.startsWith(prefix) && !removed.has(id)) found.add(id);
    }
    for (const id of overlay.keys()) {
      if (id.startsWith(prefix)) found.add(id);
    }
    return [...found];
  };
  return (appId) => {
    const dependencies = definitionOf(appId)?.dependencies ?? [];
    return dependencies.flatMap((path) => (definitionOf(path) === undefined ? below(path) : [path]));
  };
}
