/** Where a volume plugin of the machine answers. Source: Docker, plugin discovery. */
import { lstat, readFile } from "node:fs/promises";
import { join } from "node:path";
import { isJsonObject, type JsonValue } from "#foundation/base/json.ts";
import { VolumePluginError } from "./volume-plugin.ts";

export type PluginAddress =
  | { readonly kind: "socket"; readonly path: string }
  | { readonly kind: "tcp"; readonly host: string; readonly port: number };

/** As PATH has folders. */
export const usualPluginDirs = "/run/docker/plugins:/etc/docker/plugins:/usr/lib/docker/plugins";
const fileBytesMax = 65_536;

/** The first that there is: a socket before a description, in the order of the folders. Throws `VolumePluginError`. */
export async function findPlugin(name: string, dirs: string): Promise<PluginAddress> {
  const folders = dirs.split(":").filter((folder) => folder !== "");
  for (const folder of folders) {
    for (const path of [join(folder, `${name}.sock`), join(folder, name, `${name}.sock`)])
      if ((await lstat(path).catch(() => undefined))?.isSocket() === true) return { kind: "socket", path };
  }
  for (const folder of folders) {
    for (const at of [folder, join(folder, name)]) {
      const spec = await read(join(at, `${name}.spec`));
      if (spec !== undefined) return parseAddress(spec.trim(), join(at, `${name}.spec`));
      const json = await read(join(at, `${name}.json`));
      if (json !== undefined) return addressInJson(json, join(at, `${name}.json`));
    }
  }
  throw new VolumePluginError(
    `there is no volume plugin ${name} on this agent: no ${name}.sock, ${name}.spec or ${name}.json in ${dirs}`,
  );
}

async function read(path: string): Promise<string | undefined> {
  const found = await lstat(path).catch(() => undefined);
  if (found === undefined) return undefined;
  if (found.size > fileBytesMax) throw new VolumePluginError(`${path} is larger than ${fileBytesMax} bytes`);
  return readFile(path, "utf8").catch((error: unknown) => {
    throw new VolumePluginError(`${path} can't be read: ${String(error)}`);
  });
}

function addressInJson(text: string, file: string): PluginAddress {
  let value: JsonValue;
  try {
    value = JSON.parse(text) as JsonValue;
  } catch {
    throw new VolumePluginError(`${file} is no JSON`);
  }
  const { Addr: address, TLSConfig: tls } = isJsonObject(value) ? value : {};
  if (tls !== undefined && tls !== null)
    throw new VolumePluginError(`${file}: plugins over TLS are not called; let it answer at a unix socket`);
  if (typeof address !== "string") throw new VolumePluginError(`${file} has no Addr`);
  return parseAddress(address, file);
}

function parseAddress(text: string, file: string): PluginAddress {
  if (text.startsWith("unix:///")) return { kind: "socket", path: text.slice("unix://".length) };
  const [, host = "", port = ""] =
    /^(?:tcp|http):\/\/(\[[0-9a-fA-F:]+\]|[A-Za-z0-9.-]+):(\d{1,5})\/?$/.exec(text) ?? [];
  if (host !== "" && Number(port) > 0 && Number(port) < 65_536)
    return { kind: "tcp", host: host.replace(/^\[|\]$/g, ""), port: Number(port) };
  throw new VolumePluginError(
    `${file}: ${JSON.stringify(text.slice(0, 200))} is neither unix:///path nor tcp://host:port`,
  );
}
