/** Which TCP ports processes listen on, as /proc tells: their open sockets, and the sockets that listen. */
import { readdirSync, readFileSync, readlinkSync } from "node:fs";

const listening = "0A";
const fileDescriptorsMax = 65_536;

/** Each process is looked at in its own network namespace. What may not be looked at counts as nothing. */
export function listeningPortsOf(pids: readonly number[]): ReadonlySet<number> {
  const sockets = new Set<string>();
  for (const pid of pids) for (const inode of socketsOf(pid)) sockets.add(inode);
  const ports = new Set<number>();
  if (sockets.size === 0) return ports;
  for (const table of tablesOf(pids)) {
    for (const line of readLines(table)) {
      // sl local_address rem_address st tx:rx tr:when retrnsmt uid timeout inode
      const [, local = "", , state, , , , , , inode = ""] = line.trim().split(/\s+/);
      if (state === listening && sockets.has(inode))
        ports.add(Number.parseInt(local.split(":")[1] ?? "", 16));
    }
  }
  return ports;
}

/** Of one process in each of their namespaces. */
function tablesOf(pids: readonly number[]): readonly string[] {
  const seen = new Map<string, number>();
  for (const pid of pids) {
    try {
      seen.set(readlinkSync(`/proc/${pid}/ns/net`), pid);
    } catch {
      // ended, or not ours to look at
    }
  }
  return [...seen.values()].flatMap((pid) => [`/proc/${pid}/net/tcp`, `/proc/${pid}/net/tcp6`]);
}

function socketsOf(pid: number): readonly string[] {
  try {
    return readdirSync(`/proc/${pid}/fd`)
      .slice(0, fileDescriptorsMax)
      .flatMap((name) => {
        try {
          return /^socket:\[(\d+)\]$/.exec(readlinkSync(`/proc/${pid}/fd/${name}`))?.[1] ?? [];
        } catch {
          return []; // closed meanwhile
        }
      });
  } catch {
    return []; // ended, or not ours to look at
  }
}

function readLines(path: string): readonly string[] {
  try {
    return readFileSync(path, "latin1").split("\n");
  } catch {
    return []; // no IPv6 on this machine
  }
}
