/** An executor: a program (or a part of the agent) that runs a framework's tasks in one container. */
import type { ExecutorInfo, Resource } from "#contracts/kernel/messages.gen.ts";
import type { InstantMs } from "#foundation/base/core.ts";
import type { Step } from "./step.ts";
import { type Doom, recordKeys } from "./task-run.ts";

/** Written once, before anything of the executor starts. */
export interface ExecutorSpec {
  readonly formatVersion: 1;
  readonly containerId: string;
  readonly frameworkId: string;
  readonly agentId: string;
  /** With its framework's id. Its resources are its own, without those of its tasks. */
  readonly info: ExecutorInfo;
  /** Role that its resources are allocated to. */
  readonly role: string;
  readonly sandboxDir: string;
  readonly launchedAt: InstantMs;
}

/**
 * `registering`: its container starts, or it has not subscribed yet. `running`: it has subscribed, though its
 * connection may be gone for now. `terminating`: it was told to end, or is being killed. `ended`: nothing of it runs;
 * updates of its tasks may still wait.
 */
export type ExecutorPhase = "registering" | "running" | "terminating" | "ended";

/** Written whenever it changes. */
export interface ExecutorProgress {
  readonly formatVersion: 1;
  readonly phase: ExecutorPhase;
  readonly pid?: number;
  /** While `terminating`: it is killed then. */
  readonly endsBy?: InstantMs;
  readonly doom?: Doom;
  /** Its framework or the whole agent is gone: nobody wants to hear of its end. */
  readonly discarded?: boolean;
}

export interface Executor {
  readonly spec: ExecutorSpec;
  progress: ExecutorProgress;
  /** Its stream, while there is one. */
  connection: string | undefined;
}

export const resourcesOf = ({ spec }: Executor): readonly Resource[] => spec.info.resources ?? [];

/** Run by the agent itself: there is no program to wait for. Source: Mesos ExecutorInfo.Type DEFAULT. */
export const isNative = (info: ExecutorInfo): boolean => info.type === "DEFAULT";

export function setProgress(step: Step, executor: Executor, progress: ExecutorProgress): void {
  executor.progress = progress;
  step.put(recordKeys.executorProgress(executor.spec.containerId), progress);
}
