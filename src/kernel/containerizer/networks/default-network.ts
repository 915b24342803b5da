/**
 * The network of containers that ask for a bridge and no network by name: a bridge of this agent's own, with addresses
 * out of its own store, and ports of the machine that lead into it. Source: DC/OS, `mesos-bridge`.
 */
import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { networkInterfaces } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import type { JsonObject } from "#foundation/base/json.ts";
import { writeDurably } from "../process/runtime-dir.ts";
import { type NetworkConfig, parseNetworkConfig } from "./cni-config.ts";

export const defaultNetworkName = "mesos-bridge";
/** 172.31.128.0/24 to 172.31.254.0/24: DC/OS has the last. */
const firstBlock = 128;
const blocks = 127;

/** Decided once and kept, so that containers of before and of now are in one network. */
export function defaultNetwork(folder: string): NetworkConfig {
  const file = join(folder, `${defaultNetworkName}.conflist`);
  try {
    return parseNetworkConfig(readFileSync(file, "utf8"));
  } catch {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    writeDurably(file, JSON.stringify(describe(folder), undefined, 2));
    return parseNetworkConfig(readFileSync(file, "utf8"));
  }
}

/** Plugins leave it when the last container has gone. */
export async function removeDefaultBridge(folder: string): Promise<void> {
  if (!existsSync(join(folder, `${defaultNetworkName}.conflist`))) return;
  const bridge = defaultNetwork(folder).plugins[0]?.["bridge"];
  await promisify(execFile)("ip", ["link", "delete", String(bridge)], { timeout: 10_000 }).catch(
    () => undefined, // never used, or of a boot before
  );
}

function describe(folder: string): JsonObject {
  const digest = createHash("sha256").update(folder).digest();
  return {
    cniVersion: "0.4.0",
    name: defaultNetworkName,
    plugins: [
      {
        type: "bridge",
        // Names of interfaces have 15 characters.
        bridge: `keelson-${digest.toString("hex", 0, 3)}`,
        isGateway: true,
        ipMasq: true,
        hairpinMode: true,
        ipam: {
          type: "host-local",
          dataDir: join(folder, "addresses"),
          ranges: [[{ subnet: `172.31.${freeBlock(digest.readUInt32BE(4))}.0/24` }]],
          routes: [{ dst: "0.0.0.0/0" }],
        },
      },
      { type: "portmap", capabilities: { portMappings: true }, snat: true },
    ],
  };
}

/** One that no interface of this machine has, beginning at a place that differs from agent to agent. */
function freeBlock(seed: number): number {
  const taken = new Set(
    Object.values(networkInterfaces()).flatMap((addresses = []) => addresses.map(({ address }) => address)),
  );
  for (let at = 0; at < blocks; at += 1) {
    const block = firstBlock + ((seed + at) % blocks);
    if (![...taken].some((address) => address.startsWith(`172.31.${block}.`))) return block;
  }
  return firstBlock + blocks - 1;
}
