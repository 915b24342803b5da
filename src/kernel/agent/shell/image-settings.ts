/** What an agent was told of images. Source: Mesos agent, `--docker_registry`, `--docker_config`. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { ProcessDriverOptions } from "#kernel/containerizer/index.ts";
import type { AgentEnvironment } from "../config.ts";

type Told = Pick<AgentEnvironment, "dockerRegistry" | "dockerConfig">;

/** Throws RangeError. */
export function imageSettings(
  { dockerRegistry, dockerConfig }: Told,
  dataDir: string,
): NonNullable<ProcessDriverOptions["images"]> {
  return {
    dir: join(dataDir, "images"),
    ...(dockerRegistry === undefined ? {} : { registry: dockerRegistry }),
    ...(dockerConfig === undefined ? {} : { credentials: readDockerConfig(dockerConfig) }),
  };
}

/** As `/flags` shows them. What is no path holds passwords. */
export function imageFlags({ dockerRegistry, dockerConfig }: Told): Readonly<Record<string, string>> {
  return {
    ...(dockerRegistry === undefined ? {} : { docker_registry: dockerRegistry }),
    ...(dockerConfig === undefined ? {} : { docker_config: isPath(dockerConfig) ? dockerConfig : "***" }),
  };
}

const isPath = (given: string): boolean => given.startsWith("/") || given.startsWith("file:///");

function readDockerConfig(given: string): string {
  try {
    const text = isPath(given) ? readFileSync(given.replace("file://", ""), "utf8") : given;
    JSON.parse(text);
    return text;
  } catch (error) {
    // Nothing of its text: it may hold passwords.
    const cause = error instanceof SyntaxError ? "it is no JSON" : String(error);
    throw new RangeError(`docker_config: Docker's config.json, or the absolute path of one: ${cause}`);
  }
}
