/** What the system says of other processes. */
import { readFileSync } from "node:fs";

/** Clock ticks a second of /proc. */
const ticksPerSecond = 100;

/** CPU of a process; `isWithEnded`: of its children that ended too. 0 once it is gone. */
export function cpuSecondsOf(pid: number, { isWithEnded = false } = {}): number {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    const wanted = isWithEnded ? [11, 12, 13, 14] : [11, 12];
    return wanted.reduce((total, index) => total + Number(fields[index]), 0) / ticksPerSecond;
  } catch {
    return 0;
  }
}

/** 0 once it is gone. */
export function pssMibOf(pid: number): number {
  try {
    return Number(/^Pss:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, "utf8"))?.[1] ?? 0) / 1024;
  } catch {
    return 0;
  }
}
