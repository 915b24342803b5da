/**
 * What an app with persistent volumes must be, and what of it may not change: its resources are reserved as they are.
 * Source: contract marathon.md section 5.
 */
import { type AppDefinition, volumesOf } from "./app.ts";
import type { ProblemList } from "./problems.ts";

export function validateResidency(app: AppDefinition, problems: ProblemList): void {
  const volumes = volumesOf(app);
  if (volumes.length === 0) return;
  for (const [index, { containerPath, persistent }] of volumes.entries()) {
    const path = `/container/volumes(${index})`;
    if (
      containerPath === "" ||
      containerPath === "." ||
      containerPath === ".." ||
      containerPath.includes("/")
    )
      problems.add(`${path}/containerPath`, "must be one name, without a slash");
    if (persistent.size < 1) problems.add(`${path}/persistent/size`, "must be at least 1 MiB");
    if (volumes.findIndex((other) => other.containerPath === containerPath) !== index)
      problems.add(`${path}/containerPath`, `"${containerPath}" is named twice`);
  }
  if (app.upgradeStrategy.maximumOverCapacity !== 0)
    problems.add("/upgradeStrategy/maximumOverCapacity", "must be 0 for an app with persistent volumes");
  if (app.unreachableStrategy !== "disabled")
    problems.add("/unreachableStrategy", "must be disabled for an app with persistent volumes");
  const { acceptedResourceRoles: accepted } = app;
  if (accepted !== undefined && (accepted.length !== 1 || accepted[0] !== "*"))
    problems.add("/acceptedResourceRoles", 'must be ["*"] for an app with persistent volumes');
  if (app.role === "*") problems.add("/role", "nothing can be reserved for the role *");
}

/** What of an app with persistent volumes would change and must not, by field. */
export function residencyChanges(before: AppDefinition, after: AppDefinition): readonly string[] {
  if (volumesOf(before).length === 0 && volumesOf(after).length === 0) return [];
  const portsOf = ({ portDefinitions = [], requirePorts }: AppDefinition): readonly number[] =>
    portDefinitions.map(({ port }) => (requirePorts ? port : 0)).sort((one, other) => one - other);
  const fields: readonly (readonly [string, (app: AppDefinition) => unknown])[] = [
    ["/container/volumes", volumesOf],
    ["/cpus", ({ cpus }) => cpus],
    ["/mem", ({ mem }) => mem],
    ["/disk", ({ disk }) => disk],
    ["/gpus", ({ gpus }) => gpus],
    ["/requirePorts", ({ requirePorts }) => requirePorts],
    ["/portDefinitions", portsOf],
  ];
  return fields.flatMap(([path, read]) =>
    JSON.stringify(read(before)) === JSON.stringify(read(after)) ? [] : [path],
  );
}
