/** What the kernel tells of a process of this machine. */
import { readdirSync, readFileSync, readlinkSync } from "node:fs";

export interface TcpConnection {
  readonly local: number;
  readonly remote: number;
}

/** In `/proc/net/tcp`. */
const established = "01";

/** The TCP connections it has open, by their ports. */
export function connectionsOf(pid: number): readonly TcpConnection[] {
  const inodes = new Set(
    readdirSync(`/proc/${pid}/fd`).flatMap((fd) => {
      try {
        return [/^socket:\[(\d+)\]$/.exec(readlinkSync(`/proc/${pid}/fd/${fd}`))?.[1] ?? ""];
      } catch {
        // Closed meanwhile.
        return [];
      }
    }),
  );
  const portOf = (address = ""): number => Number.parseInt(address.slice(address.lastIndexOf(":") + 1), 16);
  return ["tcp", "tcp6"].flatMap((kind) =>
    readFileSync(`/proc/${pid}/net/${kind}`, "utf8")
      .split("\n")
      .slice(1)
      .map((line) => line.trim().split(/\s+/))
      .filter((fields) => fields[3] === established && inodes.has(fields[9] ?? ""))
      .map((fields) => ({ local: portOf(fields[1]), remote: portOf(fields[2]) })),
  );
}

/** A process and all that come from it. */
export function familyOf(pid: number): readonly number[] {
  try {
    const children = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").trim();
    return [pid, ...(children === "" ? [] : children.split(" ").flatMap((child) => familyOf(Number(child))))];
  } catch {
    return [];
  }
}
