/**
 * What an app or a pod with persistent volumes must be, and what of it may not change: its resources are reserved as they
 * are. Source: contract marathon.md sections 5 and 7.1.
 */
import { type AppDefinition, volumesOf } from "./app.ts";
import { validatePersistent } from "./persistent.ts";
import { hostPortsOf, portsOf, portsOfPod } from "./ports.ts";
import type { ProblemList } from "./problems.ts";

export function validateResidency(app: AppDefinition, problems: ProblemList): void {
  const names = new Set<string>();
  for (const [index, volume] of (app.container?.volumes ?? []).entries()) {
    if (!("persistent" in volume)) continue;
    const { containerPath, persistent } = volume;
    const path = `/container/volumes(${index})`;
    if (
      containerPath === "" ||
      containerPath === "." ||
      containerPath === ".." ||
      containerPath.includes("/")
    )
      problems.add(`${path}/containerPath`, "must be one name, without a slash");
    validatePersistent(persistent, `${path}/persistent`, problems);
    if (names.has(containerPath)) problems.add(`${path}/containerPath`, `"${containerPath}" is named twice`);
    names.add(containerPath);
  }
  validateResident(app, problems, {
    upgrade: "/upgradeStrategy",
    unreachable: "/unreachableStrategy",
    placement: "",
  });
}

/** Where these stand in a definition of its kind. */
export interface ResidentPaths {
  readonly upgrade: string;
  readonly unreachable: string;
  readonly placement: string;
}

export function validateResident(
  definition: AppDefinition,
  problems: ProblemList,
  { upgrade, unreachable, placement }: ResidentPaths,
): void {
  if (volumesOf(definition).length === 0) return;
  if (definition.upgradeStrategy.maximumOverCapacity !== 0)
    problems.add(`${upgrade}/maximumOverCapacity`, "must be 0 for an app with persistent volumes");
  if (definition.unreachableStrategy !== "disabled")
    problems.add(unreachable, "must be disabled for an app with persistent volumes");
  const { acceptedResourceRoles: accepted } = definition;
  if (accepted !== undefined && (accepted.length !== 1 || accepted[0] !== "*"))
    problems.add(`${placement}/acceptedResourceRoles`, 'must be ["*"] for an app with persistent volumes');
  if (definition.role === "*") problems.add("/role", "nothing can be reserved for the role *");
}

/** What of a definition with persistent volumes would change and must not, by field. */
export function residencyChanges(before: AppDefinition, after: AppDefinition): readonly string[] {
  if (volumesOf(before).length === 0 && volumesOf(after).length === 0) return [];
  const fields = after.pod === undefined ? frozenInApps : frozenInPods;
  const changed = fields.flatMap(([path, read]) =>
    JSON.stringify(read(before)) === JSON.stringify(read(after)) ? [] : [path],
  );
  return [...new Set(changed)];
}

type Frozen = readonly (readonly [string, (definition: AppDefinition) => unknown])[];

const frozenInApps: Frozen = [
  ["/container/volumes", volumesOf],
  ["/cpus", ({ cpus }) => cpus],
  ["/mem", ({ mem }) => mem],
  ["/disk", ({ disk }) => disk],
  ["/gpus", ({ gpus }) => gpus],
  ["/requirePorts", ({ requirePorts }) => requirePorts],
  [
    "/portDefinitions",
    ({ portDefinitions = [], requirePorts }) =>
      portDefinitions.map(({ port }) => (requirePorts ? port : 0)).sort(ascending),
  ],
  [
    "/container/portMappings",
    (app) =>
      app.container?.portMappings === undefined ? [] : hostPortsOf(portsOf(app)).map(orAny).sort(ascending),
  ],
];

/** Totals: what one container gives up another may have. */
const frozenInPods: Frozen = [
  ["/volumes", volumesOf],
  ...(["cpus", "mem", "disk", "gpus"] as const).map(
    (name) => ["/containers", (definition: AppDefinition) => definition[name]] as const,
  ),
  ["/containers", (pod) => hostPortsOf(portsOfPod(pod)).map(orAny).sort(ascending)],
];

const orAny = (port: number | undefined): number => port ?? 0;
const ascending = (one: number, other: number): number => one - other;
