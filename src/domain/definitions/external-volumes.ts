/**
 * Volumes that plugins have by name (`external`, provider `dvdi`): what an app with some must be, and what its plugins are told.
 * Source: contract marathon.md sections 3.1 and 5.
 */
import { isAbsolute, isDriverName, isVolumeName } from "../launches/docker-parameters.ts";
import type { DockerVolume } from "../launches/docker-volumes.ts";
import { type AppDefinition, type ExternalVolume, externalVolumesOf } from "./app.ts";
import type { ProblemList } from "./problems.ts";

const prefix = "dvdi/";
const driverOption = "dvdi/driver";

export function validateExternalVolumes(app: AppDefinition, problems: ProblemList): void {
  const own = externalVolumesOf(app);
  if (own.length === 0) return;
  for (const [index, volume] of (app.container?.volumes ?? []).entries())
    if ("external" in volume) volumeProblems(volume, `/container/volumes(${index})`, { app, problems });
  const names = own.map(({ external }) => external.name);
  for (const name of new Set(names.filter((each, index) => names.indexOf(each) < index)))
    problems.add(
      "/container/volumes",
      `Requested DVDI volume '${name}' is declared more than once within app ${app.id}`,
    );
  if (app.instances > 1)
    problems.add(
      "/instances",
      `Number of instances is limited to 1 when declaring DVDI volumes in app [${app.id}]`,
    );
  if (app.upgradeStrategy.maximumOverCapacity !== 0)
    problems.add("/upgradeStrategy/maximumOverCapacity", "must be 0 for an app with external volumes");
}

function volumeProblems(
  { containerPath, mode, external }: ExternalVolume,
  where: string,
  { app, problems }: { readonly app: AppDefinition; readonly problems: ProblemList },
): void {
  const { name, options, size } = external;
  if (!isVolumeName(name)) problems.add(`${where}/external/name`, "must be the name of a volume");
  const driver = options[driverOption];
  const atDriver = `${where}/external/options("${driverOption}")`;
  if (driver === undefined) problems.add(atDriver, "must be the name of a volume plugin, such as rexray");
  else if (!isDriverName(driver))
    problems.add(atDriver, `"${driver}" is no name of a volume plugin, which has letters, digits and _ . -`);
  if (app.container?.type !== "DOCKER") {
    if (mode !== "RW") problems.add(`${where}/mode`, "must be RW with a container of type MESOS");
    if (!isAbsolute(`/${containerPath}`.replace(/^\/\//, "/")) || /^\.?\/*$/.test(containerPath))
      problems.add(`${where}/containerPath`, "must be a path in the sandbox, or an absolute one");
    return;
  }
  if (Object.keys(options).some((option) => option !== driverOption))
    problems.add(
      `${where}/external/options`,
      `must only contain "${driverOption}" with a container of type DOCKER`,
    );
  if (size !== undefined) problems.add(`${where}/external/size`, "must be undefined for Docker containers");
  if (!isAbsolute(containerPath)) problems.add(`${where}/containerPath`, "value must be an absolute path");
}

/** Of one without a problem. */
export function volumeOfPlugin({ containerPath, mode, external }: ExternalVolume): DockerVolume {
  const { name, options, size } = external;
  const told = Object.entries(options)
    .filter(([option]) => option.startsWith(prefix) && option !== driverOption)
    .map(([option, value]): [string, string] => [option.slice(prefix.length), value.trim()]);
  return {
    driver: options[driverOption] ?? "",
    name,
    options: { ...Object.fromEntries(told), ...(size === undefined ? {} : { size: String(size) }) },
    containerPath,
    isReadOnly: mode === "RO",
  };
}

/** Names that other apps have too, with those apps: a volume is one app's, unless each of them shares it. */
export function volumeConflicts(
  app: AppDefinition,
  others: Iterable<AppDefinition>,
): readonly { readonly name: string; readonly apps: readonly string[] }[] {
  const own = new Map(externalVolumesOf(app).map(({ external }) => [external.name, external.shared]));
  if (own.size === 0) return [];
  const found = new Map<string, string[]>();
  for (const other of others) {
    if (other.id === app.id) continue;
    for (const { external } of externalVolumesOf(other)) {
      const { name, shared } = external;
      if (!own.has(name) || (shared && own.get(name) === true)) continue;
      found.set(name, [...(found.get(name) ?? []), other.id]);
    }
  }
  return [...found].map(([name, apps]) => ({ name, apps: apps.sort() }));
}
