/**
 * Which account of this machine a connection over loopback belongs to, as the kernel lists it. Source: proc(5),
 * /proc/net/tcp: local address, remote address, state, uid and inode of each socket.
 */
import { readFileSync } from "node:fs";
import type { Socket } from "node:net";

export type PeerAccount =
  /** Of another machine, or of a network namespace that is not ours. */
  | { readonly kind: "elsewhere" }
  | { readonly kind: "account"; readonly uid: number }
  /** It went away before it was looked up, or can't be told. */
  | { readonly kind: "unknown" };

export function peerAccount(socket: Socket): PeerAccount {
  const { remoteAddress = "", remotePort = 0, localPort = 0 } = socket;
  const address = remoteAddress.replace(/^::ffff:/i, "");
  if (!address.startsWith("127.") && address !== "::1") return { kind: "elsewhere" };
  // A socket of both families stands in the table of the newer one.
  const tables = address === "::1" ? ["tcp6"] : ["tcp", "tcp6"];
  for (const table of tables) {
    const uid = accountIn(readTable(table), remotePort, localPort);
    if (uid !== undefined) return { kind: "account", uid };
  }
  return { kind: "unknown" };
}

function readTable(name: string): string {
  try {
    return readFileSync(`/proc/net/${name}`, "latin1");
  } catch {
    return "";
  }
}

const loopbacks = /^(?:[0-9A-F]{6}7F|0{24}01000000|0{16}FFFF0000[0-9A-F]{6}7F)$/;

/**
 * The owner of the socket that calls from one port to the other. A socket that its owner has closed is nobody's: the
 * kernel lists it with uid 0 and no inode, and must not be taken for root's.
 */
export function accountIn(table: string, callerPort: number, calledPort: number): number | undefined {
  const from = hexPort(callerPort);
  const to = hexPort(calledPort);
  // Most lines are of others: they are passed over by this one search.
  for (let at = table.indexOf(`:${from} `); at !== -1; at = table.indexOf(`:${from} `, at + 1)) {
    const start = table.lastIndexOf("\n", at) + 1;
    const end = table.indexOf("\n", at);
    const fields = table
      .slice(start, end === -1 ? undefined : end)
      .trim()
      .split(/\s+/);
    const [, local = "", remote = "", , , , , uid = "", , inode = "0"] = fields;
    const [localAddress = "", localPort] = local.split(":");
    const [remoteAddress = "", remotePort] = remote.split(":");
    if (localPort !== from || remotePort !== to || inode === "0") continue;
    if (loopbacks.test(localAddress) && loopbacks.test(remoteAddress)) return Number(uid);
  }
  return undefined;
}

const hexPort = (port: number): string => port.toString(16).toUpperCase().padStart(4, "0");
