/** What was asked of plugins for one container, written down before they are asked, and what they answered. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { JsonObject } from "#foundation/base/json.ts";
import { writeDurably } from "../process/runtime-dir.ts";
import type { NetworkConfig } from "./cni-config.ts";

export interface PortMapping {
  readonly hostPort: number;
  readonly containerPort: number;
  readonly protocol: string;
}

/** One network that a container is to be in. */
export interface NetworkRequest {
  readonly name: string;
  readonly portMappings: readonly PortMapping[];
  /** Mesos' NetworkInfo as it was given, for plugins that know it. */
  readonly networkInfo: JsonObject;
}

export interface AttachedNetwork extends NetworkRequest {
  readonly interfaceName: string;
  /** As it was then: the folder may say something else by the time it is left. */
  readonly config: NetworkConfig;
  /** Absent: its plugins may or may not have done something. */
  readonly result?: JsonObject;
}

export interface Attachment {
  readonly formatVersion: 1;
  readonly containerId: string;
  /** Where the plugins were. */
  readonly pluginsPath: string;
  readonly networks: readonly AttachedNetwork[];
}

const fileName = "attached.json";

export function writeAttachment(folder: string, attachment: Attachment): void {
  writeDurably(join(folder, fileName), JSON.stringify(attachment));
}

/** undefined when nothing was asked of any plugin. */
export async function readAttachment(folder: string): Promise<Attachment | undefined> {
  const text = await readFile(join(folder, fileName), "utf8").catch(() => undefined);
  // Written by `writeAttachment` alone, in a folder no task can write to.
  const attachment = text === undefined ? undefined : (JSON.parse(text) as Attachment);
  return attachment?.formatVersion === 1 ? attachment : undefined;
}

/** `10.1.2.3`, of every address that a result tells. Source: CNI specification, results since 0.2.0. */
export function addressesOf(result: JsonObject | undefined): readonly string[] {
  const { ips, ip4, ip6 } = (result ?? {}) as {
    ips?: readonly { address?: string }[];
    ip4?: { ip?: string };
    ip6?: { ip?: string };
  };
  const given = [...(ips ?? []).map(({ address }) => address), ip4?.ip, ip6?.ip];
  return given.flatMap((address) => address?.split("/")[0] ?? []);
}
