/**
 * Secrets in what frameworks send: judged, taken out to be given to a container, and left out of everything that is
 * kept or shown. Source: contract mesos.md section 7, Secret messages.
 */
import type {
  CommandInfo,
  ContainerInfo,
  ExecutorInfo,
  Secret,
  TaskInfo,
  Volume,
} from "#contracts/kernel/messages.gen.ts";

/** Bytes of one secret. */
const secretBytesMax = 1_048_576;

/** A file with a secret, below the sandbox. */
export interface SecretFile {
  readonly containerPath: string;
  /** base64 */
  readonly data: string;
}

/** What a container is given beside its environment, and is in no record. */
export interface ContainerSecrets {
  readonly environment: Readonly<Record<string, string>>;
  readonly files: readonly SecretFile[];
}

/** A sentence that names the field, or undefined when all secrets of a command can be given to it. */
export function commandSecretProblem({ environment }: CommandInfo, owner: string): string | undefined {
  for (const { name, type, secret, value } of environment?.variables ?? []) {
    if (type !== "SECRET" && secret === undefined) continue;
    const where = `${owner}.command.environment: ${name}`;
    if (type !== "SECRET" || value !== undefined)
      return `${where} is of type SECRET with a secret, or has a value; not both`;
    const problem = secretProblem(secret, where);
    if (problem !== undefined) return problem;
    if (bytesOf(secret).includes(0)) return `${where}: a secret with a NUL byte can't be a variable`;
  }
  return undefined;
}

export const isSecretVolume = ({ source }: Volume): boolean => source?.type === "SECRET";

/** The same for one volume that is a secret. */
export function secretVolumeProblem(
  { source, container_path: path, mode }: Volume,
  hasImage: boolean,
): string | undefined {
  const where = `container.volumes ${path}`;
  const parts = (hasImage && path.startsWith("/") ? path.slice(1) : path).split("/");
  if (path.startsWith("/") && !hasImage)
    return `${where}: a secret is a file below the sandbox; an absolute path is for a container with an image`;
  if (parts.some((part) => part === "" || part === "." || part === ".."))
    return `${where}: not the path of a file`;
  if (mode === "RW") return `${where}: a secret is read only; say mode RO`;
  return secretProblem(source?.secret, where);
}

/** The same for one secret; `where` it stands. */
export function secretProblem(secret: Secret | undefined, where: string): string | undefined {
  if (secret?.type === "REFERENCE")
    return `${where}: a secret of type REFERENCE wants a secret store, and there is none here; send it by VALUE`;
  if (secret?.type !== "VALUE" || secret.value === undefined) return `${where}: the secret has no value`;
  if (secret.value.data.length > (secretBytesMax * 4) / 3 + 4)
    return `${where}: a secret has at most ${secretBytesMax} bytes`;
  return undefined;
}

/** Those of a command and of its container, to be given when it starts. */
export function secretsOf(
  command: CommandInfo | undefined,
  container: ContainerInfo | undefined,
): ContainerSecrets | undefined {
  const variables = (command?.environment?.variables ?? []).filter(
    ({ secret }) => secret?.value !== undefined,
  );
  const files = (container?.volumes ?? []).flatMap(({ source, container_path: containerPath }) =>
    source?.secret?.value === undefined ? [] : [{ containerPath, data: source.secret.value.data }],
  );
  if (variables.length === 0 && files.length === 0) return undefined;
  return {
    environment: Object.fromEntries(
      variables.map(({ name, secret }) => [name, secret === undefined ? "" : secretText(secret)]),
    ),
    files,
  };
}

/** The same, with every value left out: what is kept and what is shown. Itself when there is no secret in it. */
export function taskWithoutSecrets(task: TaskInfo): TaskInfo {
  const { command, container, executor } = task;
  if (!hasSecrets(command, container) && !hasSecrets(executor?.command, executor?.container)) return task;
  return {
    ...task,
    ...(command === undefined ? {} : { command: commandWithoutSecrets(command) }),
    ...(container === undefined ? {} : { container: containerWithoutSecrets(container) }),
    ...(executor === undefined ? {} : { executor: executorWithoutSecrets(executor) }),
  };
}

export function executorWithoutSecrets(info: ExecutorInfo): ExecutorInfo {
  const { command, container } = info;
  if (!hasSecrets(command, container)) return info;
  return {
    ...info,
    ...(command === undefined ? {} : { command: commandWithoutSecrets(command) }),
    ...(container === undefined ? {} : { container: containerWithoutSecrets(container) }),
  };
}

export function containerWithoutSecrets(container: ContainerInfo): ContainerInfo {
  if (!hasSecrets(undefined, container)) return container;
  const volumes = (container.volumes ?? []).map((volume) => volumeWithSecrets(volume, withoutValue));
  const { mesos } = container;
  const docker = mesos?.image?.docker;
  if (mesos?.image === undefined || docker?.config === undefined) return { ...container, volumes };
  const image = { ...mesos.image, docker: { ...docker, config: withoutValue(docker.config) } };
  return { ...container, volumes, mesos: { ...mesos, image } };
}

function commandWithoutSecrets(command: CommandInfo): CommandInfo {
  const variables = (command.environment?.variables ?? []).map((variable) =>
    variable.secret === undefined ? variable : { ...variable, secret: withoutValue(variable.secret) },
  );
  return command.environment === undefined ? command : { ...command, environment: { variables } };
}

/** What a volume is, and what its plugin is told. */
export function secretsOfVolume({ source }: Volume): readonly Secret[] {
  const { node_stage_secrets: stage = {}, node_publish_secrets: publish = {} } =
    source?.csi_volume?.static_provisioning ?? {};
  const file = source?.secret === undefined ? [] : [source.secret];
  return [...file, ...Object.values(stage), ...Object.values(publish)];
}

/** The same volume with other secrets in the place of its own. */
export function volumeWithSecrets(volume: Volume, change: (secret: Secret) => Secret): Volume {
  if (secretsOfVolume(volume).length === 0) return volume;
  const { secret, csi_volume: csi, ...source } = volume.source ?? {};
  const provisioned = csi?.static_provisioning;
  const all = (secrets: { readonly [key: string]: Secret } = {}): { readonly [key: string]: Secret } =>
    Object.fromEntries(Object.entries(secrets).map(([key, each]) => [key, change(each)]));
  const csiVolume =
    csi === undefined || provisioned === undefined
      ? csi
      : {
          ...csi,
          static_provisioning: {
            ...provisioned,
            node_stage_secrets: all(provisioned.node_stage_secrets),
            node_publish_secrets: all(provisioned.node_publish_secrets),
          },
        };
  return {
    ...volume,
    source: {
      ...source,
      ...(secret === undefined ? {} : { secret: change(secret) }),
      ...(csiVolume === undefined ? {} : { csi_volume: csiVolume }),
    },
  };
}

const withoutValue = ({ value: _value, ...secret }: Secret): Secret => secret;

const hasSecrets = (command: CommandInfo | undefined, container: ContainerInfo | undefined): boolean =>
  (command?.environment?.variables ?? []).some(({ secret }) => secret !== undefined) ||
  (container?.volumes ?? []).some((volume) => secretsOfVolume(volume).length > 0) ||
  container?.mesos?.image?.docker?.config !== undefined;

function bytesOf(secret: Secret | undefined): Uint8Array {
  const text = atob(secret?.value?.data ?? "");
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}

/** What one is, as text. */
export const secretText = (secret: Secret): string => utf8(bytesOf(secret));

const utf8 = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);
