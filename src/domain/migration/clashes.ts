/** A path is one thing: an app, a pod or a group, and nothing lies below a service. Source: contract marathon.md section 5. */
import type { Finding } from "./finding.ts";
import { type Migration, parentOf } from "./translate.ts";

/** Absolute paths of what is here. */
export interface Standing {
  readonly apps: ReadonlySet<string>;
  readonly pods: ReadonlySet<string>;
  readonly groups: ReadonlySet<string>;
}

/** Without what finds its path taken, here or by something that comes along: each of these is a refusal. */
export function withoutClashes(migration: Migration, here: Standing): Migration {
  const groups = groupsOf(migration, here);
  const findings: Finding[] = [];
  const coming = new Map(migration.services.map(({ id, kind }) => [id, kind]));
  const serviceAt = (id: string): "app" | "pod" | undefined =>
    here.apps.has(id) ? "app" : here.pods.has(id) ? "pod" : coming.get(id);
  const faultAbove = (id: string): string | undefined => {
    for (let above = parentOf(id); above !== "/"; above = parentOf(above)) {
      const kind = serviceAt(above);
      if (kind !== undefined) return `${above}, which it would lie below, is ${named(kind)}`;
    }
    return undefined;
  };
  const isKept = (kind: Finding["kind"], id: string, fault: string | undefined): boolean => {
    if (fault !== undefined) findings.push({ kind, id, code: "refused", field: "/id", reason: fault });
    return fault === undefined;
  };
  const services = migration.services.filter(({ id, kind }) => {
    const there = here.apps.has(id) ? "app" : here.pods.has(id) ? "pod" : kind;
    const own = there !== kind ? `${named(there)} has it` : groups.has(id) ? "a group has it" : undefined;
    return isKept("service", id, own ?? faultAbove(id));
  });
  return {
    ...migration,
    services,
    groups: migration.groups.filter(({ id }) => {
      const kind = here.apps.has(id) ? "app" : here.pods.has(id) ? "pod" : undefined;
      return isKept("group", id, kind === undefined ? faultAbove(id) : `${named(kind)} has it`);
    }),
    findings: [...migration.findings, ...findings],
  };
}

const named = (kind: "app" | "pod"): string => (kind === "app" ? "an app" : "a pod");

/** Those that are here or come along, by name or by what lies in them. */
function groupsOf({ services, groups }: Migration, here: Standing): ReadonlySet<string> {
  const paths = new Set([...here.groups, ...groups.map(({ id }) => id)]);
  for (const { id } of services)
    for (let above = parentOf(id); above !== "/" && !paths.has(above); above = parentOf(above))
      paths.add(above);
  return paths;
}
