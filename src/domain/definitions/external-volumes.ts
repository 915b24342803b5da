/**
 * Volumes that plugins have by name (`external`): what an app with some must be, and what its plugins are told.
 * Source: contract marathon.md sections 3.1 and 5.
 */
import { isReaderMode, isVolumeId } from "../launches/csi-volumes.ts";
import { isAbsolute, isDriverName, isVolumeName } from "../launches/docker-parameters.ts";
import type { PluginVolume } from "../launches/plugin-volumes.ts";
import { secretPathOf } from "../secrets/index.ts";
import {
  type AppDefinition,
  type CsiVolume,
  type DvdiVolume,
  type ExternalVolume,
  externalVolumesOf,
} from "./app.ts";
import type { ProblemList } from "./problems.ts";

const prefix = "dvdi/";
const driverOption = "dvdi/driver";

interface OfDvdi extends ExternalVolume {
  readonly external: DvdiVolume;
}
interface OfCsi extends ExternalVolume {
  readonly external: CsiVolume;
}
const isOfDvdi = (volume: ExternalVolume): volume is OfDvdi => volume.external.provider === "dvdi";
const isOfCsi = (volume: ExternalVolume): volume is OfCsi => volume.external.provider === "csi";

export function validateExternalVolumes(app: AppDefinition, problems: ProblemList): void {
  const own = externalVolumesOf(app);
  if (own.length === 0) return;
  for (const [index, volume] of (app.container?.volumes ?? []).entries()) {
    if (!("external" in volume)) continue;
    const where = `/container/volumes(${index})`;
    if (isOfDvdi(volume)) dvdiProblems(volume, where, { app, problems });
    else if (isOfCsi(volume)) csiProblems(volume, where, { app, problems });
  }
  const dvdi = own.filter(isOfDvdi);
  const csi = own.filter(isOfCsi);
  for (const name of namedTwice(dvdi))
    problems.add(
      "/container/volumes",
      `Requested DVDI volume '${name}' is declared more than once within app ${app.id}`,
    );
  for (const name of namedTwice(csi))
    problems.add(
      "/container/volumes",
      `Requested CSI volume '${name}' is declared more than once within app ${app.id}`,
    );
  if (dvdi.length > 0) validateSingle(app, problems);
  validateScale(app, csi, problems);
}

function namedTwice(volumes: readonly ExternalVolume[]): ReadonlySet<string> {
  const names = volumes.map(({ external }) => external.name);
  return new Set(names.filter((each, index) => names.indexOf(each) < index));
}

/** Of an app with volumes of Docker plugins. */
function validateSingle(app: AppDefinition, problems: ProblemList): void {
  if (app.instances > 1)
    problems.add(
      "/instances",
      `Number of instances is limited to 1 when declaring DVDI volumes in app [${app.id}]`,
    );
  if (app.upgradeStrategy.maximumOverCapacity !== 0)
    problems.add("/upgradeStrategy/maximumOverCapacity", "must be 0 for an app with external volumes");
}

/** How many may have volumes of CSI plugins. */
function validateScale({ instances }: AppDefinition, csi: readonly OfCsi[], problems: ProblemList): void {
  if (instances <= 1 || csi.length === 0) return;
  if (csi.some((volume) => !isShareable(volume)))
    problems.add(
      "/instances",
      `got ${instances}, expected 1 or less while non-shareable CSI volumes are defined`,
    );
  else if (csi.every(isTheWriter))
    problems.add(
      "/instances",
      `got ${instances}, expected 1 or less while a multi-node single-writer volume is defined mounted as read/write`,
    );
}

const modeOf = ({ external }: OfCsi): string => external.options.capability.accessMode;
const isShareable = (volume: OfCsi): boolean => modeOf(volume).startsWith("MULTI_NODE_");
const isTheWriter = (volume: OfCsi): boolean =>
  volume.mode === "RW" && modeOf(volume) === "MULTI_NODE_SINGLE_WRITER";
const isAReader = (volume: OfCsi): boolean =>
  volume.mode === "RO" && modeOf(volume) === "MULTI_NODE_SINGLE_WRITER";

interface Place {
  readonly app: AppDefinition;
  readonly problems: ProblemList;
}

function pathProblem(containerPath: string, where: string, { app, problems }: Place): void {
  const leadsOut = !isAbsolute(`/${containerPath}`.replace(/^\/\//, "/")) || /^\.?\/*$/.test(containerPath);
  if (app.container?.type !== "DOCKER" && leadsOut)
    problems.add(`${where}/containerPath`, "must be a path in the sandbox, or an absolute one");
  if (app.container?.type === "DOCKER" && !isAbsolute(containerPath))
    problems.add(`${where}/containerPath`, "value must be an absolute path");
}

function csiProblems(volume: OfCsi, where: string, { app, problems }: Place): void {
  const { containerPath, mode, external } = volume;
  const { name, options } = external;
  if (!isVolumeId(name)) problems.add(`${where}/external/name`, "must be the name of a volume");
  if (!isDriverName(options.pluginName))
    problems.add(
      `${where}/external/options/pluginName`,
      `"${options.pluginName}" is no name of a volume plugin, which has letters, digits and _ . -`,
    );
  if (mode !== "RO" && isReaderMode(modeOf(volume)))
    problems.add(`${where}/mode`, "CSI volume must be mounted readonly with a read-only access mode");
  pathProblem(containerPath, where, { app, problems });
  for (const field of ["nodeStageSecret", "nodePublishSecret"] as const)
    for (const [key, secret] of Object.entries(options[field]))
      if (secretPathOf(sourceOf(app, secret)) === undefined)
        problems.add(
          `${where}/external/options/${field}/${key}`,
          `"${secret}" is neither a declared secret nor the path of one`,
        );
}

const sourceOf = ({ secrets }: Pick<AppDefinition, "secrets">, secret: string): string =>
  secrets !== undefined && Object.hasOwn(secrets, secret) ? (secrets[secret]?.source ?? "") : secret;

function dvdiProblems(
  { containerPath, mode, external }: OfDvdi,
  where: string,
  { app, problems }: Place,
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
    pathProblem(containerPath, where, { app, problems });
    return;
  }
  if (Object.keys(options).some((option) => option !== driverOption))
    problems.add(
      `${where}/external/options`,
      `must only contain "${driverOption}" with a container of type DOCKER`,
    );
  if (size !== undefined) problems.add(`${where}/external/size`, "must be undefined for Docker containers");
  pathProblem(containerPath, where, { app, problems });
}

/** Of one without a problem. In the place of secrets stand their paths in the store. */
export function volumeOfPlugin(volume: ExternalVolume, app: Pick<AppDefinition, "secrets">): PluginVolume {
  const { containerPath, mode, external } = volume;
  const common = { name: external.name, containerPath, isReadOnly: mode === "RO" };
  if (external.provider === "csi") {
    const { pluginName, capability, nodeStageSecret, nodePublishSecret, volumeContext } = external.options;
    const { accessMode, fsType, mountFlags = [] } = capability;
    const sources = (secrets: Readonly<Record<string, string>>): Readonly<Record<string, string>> =>
      Object.fromEntries(Object.entries(secrets).map(([key, secret]) => [key, sourceOf(app, secret)]));
    return {
      kind: "csi",
      driver: pluginName,
      ...common,
      accessMode,
      ...(fsType === undefined ? {} : { fsType }),
      mountFlags,
      stageSecrets: sources(nodeStageSecret),
      publishSecrets: sources(nodePublishSecret),
      context: volumeContext,
    };
  }
  const { options, size } = external;
  const told = Object.entries(options)
    .filter(([option]) => option.startsWith(prefix) && option !== driverOption)
    .map(([option, value]): [string, string] => [option.slice(prefix.length), value.trim()]);
  return {
    kind: "docker",
    driver: options[driverOption] ?? "",
    ...common,
    options: { ...Object.fromEntries(told), ...(size === undefined ? {} : { size: String(size) }) },
  };
}

/** Names that other apps have too, with those apps: a volume is one app's, unless each of them shares it. */
export function volumeConflicts(
  app: AppDefinition,
  others: Iterable<AppDefinition>,
): readonly { readonly name: string; readonly apps: readonly string[] }[] {
  const own = externalVolumesOf(app);
  if (own.length === 0) return [];
  const found = new Map<string, Set<string>>();
  for (const other of others) {
    if (other.id === app.id) continue;
    for (const volume of externalVolumesOf(other)) {
      const { name } = volume.external;
      if (!own.some((each) => each.external.name === name && excludeEachOther(each, volume))) continue;
      found.set(name, (found.get(name) ?? new Set()).add(other.id));
    }
  }
  return [...found].map(([name, apps]) => ({ name, apps: [...apps].sort() }));
}

function excludeEachOther(one: ExternalVolume, other: ExternalVolume): boolean {
  if (isOfDvdi(one) && isOfDvdi(other)) return !(one.external.shared && other.external.shared);
  if (!isOfCsi(one) || !isOfCsi(other)) return false;
  return (isExclusive(one) && !isAReader(other)) || (isExclusive(other) && !isAReader(one));
}

/** Nobody else may have it, but readers of what is for several. */
const isExclusive = (volume: OfCsi): boolean => !isShareable(volume) || isTheWriter(volume);
