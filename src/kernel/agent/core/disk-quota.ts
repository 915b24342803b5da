/**
 * Holds containers to the disk that they were given: what each has written to its sandbox is looked at now and then, and
 * one that took more is killed. Persistent volumes are not in it. Source: contract mesos.md section 6, disk/du.
 */
import { parseResources, Resources as ResourceSet, type Resources } from "#domain/resources/index.ts";
import { isNative } from "./executor-run.ts";
import type { Executors } from "./executors.ts";
import type { AgentPolicy } from "./policy.ts";
import type { Step } from "./step.ts";
import type { TaskLifecycle } from "./task-lifecycle.ts";
import { type Doom, hasOwnContainer } from "./task-run.ts";
import type { TaskTable } from "./task-table.ts";
import type { AgentTimers } from "./timers.ts";

export interface DiskQuotaParts {
  readonly policy: AgentPolicy;
  readonly timers: AgentTimers;
  readonly table: TaskTable;
  readonly lifecycle: TaskLifecycle;
  readonly executors: Executors;
}

const bytesPerMib = 1_048_576;

export class DiskQuota {
  readonly #parts: DiskQuotaParts;
  /** Measurements that were asked for: a slow one is not asked for again. */
  readonly #underWay = new Set<string>();

  constructor(parts: DiskQuotaParts) {
    this.#parts = parts;
  }

  /** Asks for what every container has written, and again later. */
  due(step: Step): void {
    const { policy, timers, table } = this.#parts;
    if (!policy.enforcesDisk) return;
    timers.set({ kind: "diskQuota" }, step.now + policy.containerDiskWatchMs);
    const executors = [...table.executors.all()].filter(
      ({ spec, progress }) => progress.phase !== "ended" && !isNative(spec.info),
    );
    const runs = [...table.runs()].filter((run) => run.progress.phase === "running" && hasOwnContainer(run));
    for (const { spec } of [...executors, ...runs]) {
      const { containerId, sandboxDir: directory } = spec;
      if (this.#underWay.has(containerId) || this.#givenTo(containerId) === undefined) continue;
      this.#underWay.add(containerId);
      step.emit({ kind: "measureSandbox", containerId, directory });
    }
  }

  measured(step: Step, containerId: string, bytes: number): void {
    if (!this.#underWay.delete(containerId)) return;
    const given = this.#givenTo(containerId);
    if (given === undefined) return;
    const quotaBytes = (given.scalarMillis("disk") / 1000) * bytesPerMib;
    if (bytes <= quotaBytes) return;
    const doom: Doom = {
      reason: "REASON_CONTAINER_LIMITATION_DISK",
      message: `Disk usage (${megabytes(bytes)}) exceeds quota (${megabytes(quotaBytes)})`,
      limitation: { resources: given.toWire() },
    };
    const { table, lifecycle, executors } = this.#parts;
    const executor = table.executors.get(containerId);
    const run = table.get(containerId);
    if (executor !== undefined) executors.doom(step, executor, doom);
    else if (run !== undefined) lifecycle.doom(step, run, doom);
  }

  /** Its share of the disk; undefined for a container that was given none, and for one that is not there. */
  #givenTo(containerId: string): Resources | undefined {
    const { table } = this.#parts;
    const executor = table.executors.get(containerId);
    const run = table.get(containerId);
    if (executor === undefined && run === undefined) return undefined;
    const wire =
      executor === undefined
        ? [run?.spec.resources ?? []]
        : [
            executor.spec.info.resources ?? [],
            ...table
              .runsAt(executor)
              .filter(({ progress }) => progress.phase !== "ended")
              .map(({ spec }) => spec.resources),
          ];
    const disk = ResourceSet.sum(wire.map(parseResources)).filter(
      ({ name, disk: volume }) => name === "disk" && volume === undefined,
    );
    return disk.isEmpty ? undefined : disk;
  }
}

const megabytes = (bytes: number): string => `${Math.ceil((bytes / bytesPerMib) * 10) / 10}MB`;
