/** What the node of a master in ZooKeeper says: a MasterInfo as JSON. Source: contract mesos.md section 4.5. */
import { decodeMessage } from "./json-codec.ts";
import type { MasterInfo } from "./messages.gen.ts";

/** `host:port` of it; undefined for what is no MasterInfo. */
export function masterAddressIn(node: string): string | undefined {
  let info: MasterInfo;
  try {
    info = decodeMessage("MasterInfo", JSON.parse(node));
  } catch {
    // Somebody else wrote it.
    return undefined;
  }
  const { address, hostname, port } = info;
  const name = address?.ip ?? address?.hostname ?? hostname;
  return name === undefined
    ? undefined
    : `${name.includes(":") ? `[${name}]` : name}:${address?.port ?? port}`;
}

/** Reads where a master is called from its node. */
export const masterUrlIn =
  (scheme: "http" | "https") =>
  (node: string): string | undefined => {
    const address = masterAddressIn(node);
    return address === undefined ? undefined : `${scheme}://${address}`;
  };
