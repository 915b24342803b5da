/** Turns what the shim and the kernel say about an end into a report. */
import type { ContainerExit, ContainerId, ExitReport } from "../driver.ts";
import type { OomFact } from "./cgroups.ts";
import { decodeWaitStatus, describeExit, type ShimEnd } from "./runtime-dir.ts";

const MIB = 1024 * 1024;

/**
 * An out-of-memory kill is only called the reason when the task failed: a task that lived on after one of its
 * children was killed, and ended well, has ended well.
 */
export function buildReport(
  containerId: ContainerId,
  end: ShimEnd | undefined,
  oom: OomFact | undefined,
): ExitReport {
  const exit: ContainerExit = end === undefined ? { kind: "unknown" } : decodeWaitStatus(end.waitStatus);
  const failed = exit.kind !== "exited" || exit.status !== 0;
  const message = oom !== undefined && failed ? describeOom(oom) : describeExit(exit);
  return {
    containerId,
    exit,
    message,
    ...(oom !== undefined && failed ? { oom: { usedBytes: oom.usedBytes, limitBytes: oom.limitBytes } } : {}),
    ...(end === undefined
      ? {}
      : {
          waitStatus: end.waitStatus,
          usage: { userMs: end.userMs, systemMs: end.systemMs, maxRssBytes: end.maxRssBytes },
          startedAtMs: end.startedAtMs,
          endedAtMs: end.endedAtMs,
        }),
  };
}

/** Source: Mesos isolator cgroups/mem. */
function describeOom(oom: OomFact): string {
  const requested = Math.round(oom.limitBytes / MIB);
  const used = Math.round(oom.usedBytes / MIB);
  return `Memory limit exceeded: Requested: ${requested}MB Maximum Used: ${used}MB\n\nMEMORY STATISTICS: \n${oom.statistics}`;
}
