/**
 * Standalone containers: an operator's own, of no task and no framework. They outlive the agent, and are remembered after
 * their end until they are removed.
 *
 * Invariants: one is on the disk before it starts; a launch is answered when it runs or can't; what is not removed keeps its
 * sandbox. Nothing is taken from what is offered. Source: contract mesos.md section 3.4.
 */
import type { CommandInfo, ContainerInfo, Resource, ValueScalar } from "#contracts/kernel/messages.gen.ts";
import type { InstantMs } from "#foundation/base/core.ts";
import type { ExitReport, RecoveredContainer } from "#kernel/containerizer/driver.ts";
import { planStandalone } from "./container-plan.ts";
import type { AgentFacts, AgentPolicy } from "./policy.ts";
import type { Step } from "./step.ts";
import { recordKeys } from "./task-run.ts";
import { unsupportedInStandalone } from "./unsupported.ts";

export interface StandaloneRequest {
  readonly containerId: string;
  readonly command: CommandInfo;
  readonly container?: ContainerInfo;
  readonly resources: readonly Resource[];
  readonly limits: Readonly<Record<string, ValueScalar>>;
}

/** How one ended. */
export interface StandaloneEnd {
  /** As wait(2) gives it; absent when nobody saw the end. */
  readonly waitStatus?: number;
  readonly message: string;
  readonly isOutOfMemory: boolean;
  /** The most memory that it used, of one that ended for it. Absent in what earlier versions wrote. */
  readonly usedBytes?: number;
}

export interface Standalone extends StandaloneRequest {
  readonly formatVersion: 1;
  readonly sandboxDir: string;
  readonly launchedAt: InstantMs;
  readonly pid?: number;
  readonly end?: StandaloneEnd;
}

export type StandaloneOrder =
  | { readonly kind: "launch"; readonly request: StandaloneRequest }
  | { readonly kind: "remove"; readonly containerId: string };

/** What became of an order. `present`: there is one of that name. */
export type StandaloneOutcome =
  | { readonly kind: "done" }
  | { readonly kind: "present" }
  | {
      readonly kind: "refused";
      readonly code: "InvalidRequest" | "Conflict" | "TooManyRequests" | "Internal";
      readonly message: string;
    };

/** Those that run and those that ended and were not removed. */
export const standaloneMax = 1_000;

export interface StandalonesParts {
  readonly facts: AgentFacts;
  readonly policy: AgentPolicy;
  /** A task's or an executor's. */
  readonly isTaken: (containerId: string) => boolean;
}

export class Standalones {
  readonly #parts: StandalonesParts;
  readonly #containers = new Map<string, Standalone>();
  /** Launches that wait for their answer: numbers of requests. */
  readonly #asked = new Map<string, number>();

  constructor(parts: StandalonesParts) {
    this.#parts = parts;
  }

  restore(record: Standalone): void {
    this.#containers.set(record.containerId, record);
  }

  all(): ReadonlyMap<string, Standalone> {
    return this.#containers;
  }

  has(containerId: string): boolean {
    return this.#containers.has(containerId);
  }

  ordered(step: Step, request: number, order: StandaloneOrder): void {
    if (order.kind === "launch") return this.#launch(step, request, order.request);
    this.#answer(step, request, this.#remove(step, order.containerId));
  }

  started(step: Step, containerId: string, pid: number): void {
    const container = this.#containers.get(containerId);
    if (container === undefined || container.end !== undefined) return;
    this.#put(step, { ...container, pid });
    this.#answerLaunch(step, containerId, { kind: "done" });
  }

  launchFailed(step: Step, containerId: string, message: string): void {
    const container = this.#containers.get(containerId);
    if (container === undefined) return;
    this.#forget(step, container);
    this.#answerLaunch(step, containerId, { kind: "refused", code: "Internal", message });
  }

  exited(step: Step, report: ExitReport): void {
    const container = this.#containers.get(report.containerId);
    if (container !== undefined && container.end === undefined) this.#end(step, container, endOf(report));
    step.emit({ kind: "removeContainer", containerId: report.containerId });
  }

  /** What became of one while the agent was away. */
  recover(
    step: Step,
    container: Standalone,
    found: RecoveredContainer | undefined,
    isRebooted: boolean,
  ): void {
    const { containerId } = container;
    if (container.end !== undefined) {
      if (found !== undefined) step.emit({ kind: "removeContainer", containerId });
      return;
    }
    if (isRebooted) return this.#over(step, container, "The machine was restarted");
    switch (found?.kind) {
      case "running":
        step.log("info", "standalone.adopted", { containerId, pid: found.pid });
        return this.#put(step, { ...container, pid: found.pid });
      case "ended":
        return this.exited(step, found.report);
      case "neverStarted":
        return this.#over(step, container, found.message);
      default:
        return this.#over(step, container, "The container was gone when the agent came back");
    }
  }

  #launch(step: Step, request: number, wanted: StandaloneRequest): void {
    const { facts, policy, isTaken } = this.#parts;
    const { containerId } = wanted;
    if (this.#containers.has(containerId)) return this.#answer(step, request, { kind: "present" });
    const refuse = (code: "InvalidRequest" | "TooManyRequests", message: string): void =>
      this.#answer(step, request, { kind: "refused", code, message });
    if (isTaken(containerId)) return refuse("InvalidRequest", `container_id: ${containerId} is of a task`);
    const problem = unsupportedInStandalone(wanted, this.#parts);
    if (problem !== undefined) return refuse("InvalidRequest", problem);
    if (this.#containers.size >= standaloneMax)
      return refuse("TooManyRequests", `this agent has ${standaloneMax} standalone containers; remove some`);
    const container: Standalone = {
      ...wanted,
      formatVersion: 1,
      sandboxDir: `${facts.workDir}/containers/${containerId}`,
      launchedAt: step.now,
    };
    this.#put(step, container);
    this.#asked.set(containerId, request);
    step.emit({ kind: "launchContainer", plan: planStandalone(container, facts, policy) });
    step.log("info", "standalone.launching", { containerId });
  }

  #remove(step: Step, containerId: string): StandaloneOutcome {
    const container = this.#containers.get(containerId);
    if (container === undefined) return { kind: "done" };
    if (container.end === undefined)
      return {
        kind: "refused",
        code: "Conflict",
        message: `Container ${containerId} has not terminated yet`,
      };
    this.#forget(step, container);
    return { kind: "done" };
  }

  #over(step: Step, container: Standalone, message: string): void {
    this.#end(step, container, { message, isOutOfMemory: false });
    step.emit({ kind: "removeContainer", containerId: container.containerId });
  }

  #end(step: Step, container: Standalone, end: StandaloneEnd): void {
    const { containerId } = container;
    this.#put(step, { ...container, end });
    step.log("info", "standalone.ended", { containerId, message: end.message });
  }

  #forget(step: Step, { containerId, sandboxDir }: Standalone): void {
    this.#containers.delete(containerId);
    step.delete(recordKeys.standalone(containerId));
    step.emit({ kind: "removeSandbox", containerId, directory: sandboxDir });
  }

  #put(step: Step, container: Standalone): void {
    this.#containers.set(container.containerId, container);
    step.put(recordKeys.standalone(container.containerId), container);
  }

  #answerLaunch(step: Step, containerId: string, outcome: StandaloneOutcome): void {
    const request = this.#asked.get(containerId);
    if (request === undefined) return;
    this.#asked.delete(containerId);
    this.#answer(step, request, outcome);
  }

  #answer(step: Step, request: number, outcome: StandaloneOutcome): void {
    step.emit({ kind: "answerStandalone", request, outcome });
  }
}

function endOf({ waitStatus, message, oom }: ExitReport): StandaloneEnd {
  return {
    ...(waitStatus === undefined ? {} : { waitStatus }),
    message,
    isOutOfMemory: oom !== undefined,
    ...(oom === undefined ? {} : { usedBytes: oom.usedBytes }),
  };
}
