/** What an image says of how it runs, and what becomes of it with a command. Source: OCI image specification, config. */
import type { ContainerCommand } from "../driver.ts";

export interface ImageConfig {
  readonly entrypoint: readonly string[];
  readonly cmd: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  readonly workingDirectory?: string;
  /** `user`, `user:group`, by names or numbers. */
  readonly user?: string;
}

/** From the parsed JSON of a config; what is of another shape counts as not said. */
export function readImageConfig(document: unknown): ImageConfig {
  const config = objectOf(objectOf(document)["config"]);
  const variables = textsOf(config["Env"]).flatMap((text): [string, string][] => {
    const at = text.indexOf("=");
    return at > 0 ? [[text.slice(0, at), text.slice(at + 1)]] : [];
  });
  const directory = textOf(config["WorkingDir"]);
  const user = textOf(config["User"]);
  return {
    entrypoint: textsOf(config["Entrypoint"]),
    cmd: textsOf(config["Cmd"]),
    environment: Object.fromEntries(variables),
    ...(directory === undefined ? {} : { workingDirectory: directory }),
    ...(user === undefined ? {} : { user }),
  };
}

/**
 * The program and its arguments. A Mesos container takes a given program for the image's own; a Docker container gives
 * what was given to the image's entry point, unless it is for a shell. Undefined when nobody names a program.
 *
 * Source: Mesos, docker/runtime isolator; `docker run`.
 */
export function programOf(
  command: ContainerCommand,
  { entrypoint, cmd }: ImageConfig,
  engine: "mesos" | "docker",
): { readonly executable: string; readonly argv: readonly string[] } | undefined {
  if (command.kind === "shell") return { executable: "/bin/sh", argv: ["sh", "-c", command.value] };
  const { value, argv } = command;
  if (engine === "mesos" && value !== "")
    return { executable: value, argv: argv.length === 0 ? [value] : argv };
  const given = value === "" ? argv : [value, ...argv];
  // Without an entry point a Docker container's arguments are the command; a Mesos container's are added to it.
  const before = entrypoint.length > 0 ? entrypoint : engine === "mesos" ? cmd : [];
  const whole = given.length > 0 ? [...before, ...given] : [...entrypoint, ...cmd];
  if (engine === "mesos" && before.length === 0) return undefined;
  const [executable] = whole;
  return executable === undefined || executable === "" ? undefined : { executable, argv: whole };
}

const objectOf = (value: unknown): Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null ? Object.fromEntries(Object.entries(value)) : {};

const textOf = (value: unknown): string | undefined =>
  typeof value === "string" && value !== "" && !value.includes("\0") ? value : undefined;

const textsOf = (value: unknown): readonly string[] =>
  Array.isArray(value) ? value.filter((each): each is string => typeof each === "string") : [];
