/** Agents with GPUs are kept for those who need them. Source: Marathon flag `gpu_scheduling_behavior`, and the label. */
import type { AppDefinition } from "#domain/definitions/app.ts";
import type { App } from "./app-table.ts";

export type GpuSchedulingBehavior = "restricted" | "unrestricted";

/** What an app says of itself. */
export function gpuBehaviorOf({ labels }: AppDefinition): GpuSchedulingBehavior | undefined {
  const told = labels?.["GPU_SCHEDULING_BEHAVIOR"];
  return told === "restricted" || told === "unrestricted" ? told : undefined;
}

/** Whether the app leaves agents with GPUs to others. */
export function sparesGpus({ definition, facts }: App, byDefault: GpuSchedulingBehavior): boolean {
  return definition.gpus === 0 && (facts.gpuSchedulingBehavior ?? byDefault) === "restricted";
}
