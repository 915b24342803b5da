/** Standalone containers of the operator API: asked of the core, which remembers them; signals go to the driver. */
import type { ErrorCode } from "#contracts/errors.ts";
import type {
  AgentCallLaunchContainer,
  AgentResponseGetContainersContainer,
  ContainerID,
} from "#contracts/kernel/messages.gen.ts";
import { CodedError } from "#foundation/base/errors.ts";
import type { ContainerDriver } from "#kernel/containerizer/index.ts";
import type { AgentEffect, AgentEvent } from "../../core/events.ts";
import type { Standalone, StandaloneOutcome } from "../../core/standalone.ts";
import { memoryLimitation } from "../../core/status-text.ts";
import type { AgentView } from "../../core/view.ts";
import type { RunEnds } from "../run-ends.ts";

export interface StandaloneOptions {
  readonly view: () => AgentView;
  readonly dispatch: (event: AgentEvent) => void;
  readonly driver: Pick<ContainerDriver, "signal" | "destroy" | "stats">;
  readonly ends: RunEnds;
}

/** The name of a folder and of a cgroup. */
const idPattern = /^[A-Za-z0-9_-][A-Za-z0-9_.-]{0,199}$/;
/** Wait status of what a SIGKILL ended: told of an end that nobody saw. */
const killedStatus = 9;

export class StandaloneContainers {
  readonly #options: StandaloneOptions;
  readonly #asked = new Map<number, (outcome: StandaloneOutcome) => void>();
  #number = 0;

  constructor(options: StandaloneOptions) {
    this.#options = options;
  }

  /** Performs the core's effect. */
  answered({ request, outcome }: Extract<AgentEffect, { kind: "answerStandalone" }>): void {
    this.#asked.get(request)?.(outcome);
    this.#asked.delete(request);
  }

  get(id: ContainerID): Standalone | undefined {
    return id.parent === undefined ? this.#options.view().standalones.get(id.value) : undefined;
  }

  /** False when there is one of that name. Throws CodedError for what cannot be. */
  async launch({
    container_id: id,
    command,
    container,
    resources = [],
    limits = {},
  }: AgentCallLaunchContainer): Promise<boolean> {
    if (!idPattern.test(id.value))
      throw new CodedError<ErrorCode>(
        "InvalidRequest",
        "container_id.value: 1 to 200 letters, digits, dots, dashes and underscores are allowed, no dot first",
      );
    if (command === undefined)
      throw new CodedError<ErrorCode>("InvalidRequest", "Expecting 'command' to be present");
    const request = {
      containerId: id.value,
      command,
      ...(container === undefined ? {} : { container }),
      resources,
      limits,
    };
    const outcome = await this.#order({ kind: "launch", request });
    return outcome.kind === "done";
  }

  /** Its end, now or when it comes. */
  async wait({ containerId }: Standalone) {
    for (;;) {
      const container = this.#options.view().standalones.get(containerId);
      if (container === undefined)
        throw new CodedError<ErrorCode>("NotFound", `Container ${containerId} cannot be found`);
      const { end } = container;
      if (end !== undefined)
        return {
          exit_status: end.waitStatus ?? killedStatus,
          message: end.message,
          ...(end.isOutOfMemory
            ? {
                state: "TASK_FAILED" as const,
                reason: "REASON_CONTAINER_LIMITATION_MEMORY" as const,
                ...(end.usedBytes === undefined ? {} : { limitation: memoryLimitation(end.usedBytes) }),
              }
            : {}),
        };
      await new Promise<void>((resolve) => {
        const stop = this.#options.ends.on(containerId, () => {
          stop();
          resolve();
        });
      });
    }
  }

  async signal({ containerId, end }: Standalone, name: NodeJS.Signals): Promise<void> {
    if (end !== undefined) return;
    if (name === "SIGKILL") await this.#options.driver.destroy(containerId);
    else await this.#options.driver.signal(containerId, name, "tree");
  }

  async remove({ value: containerId }: ContainerID): Promise<void> {
    await this.#order({ kind: "remove", containerId });
  }

  /** Those that run, measured. */
  async list(): Promise<readonly AgentResponseGetContainersContainer[]> {
    const running = [...this.#options.view().standalones.values()].filter(({ end }) => end === undefined);
    return Promise.all(
      running.map(async ({ containerId, pid }) => ({
        container_id: { value: containerId },
        container_status: {
          container_id: { value: containerId },
          ...(pid === undefined ? {} : { executor_pid: pid }),
        },
        resource_statistics: await this.#options.driver.stats(containerId),
      })),
    );
  }

  async #order(order: Extract<AgentEvent, { kind: "standaloneOrdered" }>["order"]) {
    this.#number += 1;
    const request = this.#number;
    const outcome = await new Promise<StandaloneOutcome>((resolve) => {
      this.#asked.set(request, resolve);
      this.#options.dispatch({ kind: "standaloneOrdered", request, order });
    });
    if (outcome.kind === "refused") throw new CodedError<ErrorCode>(outcome.code, outcome.message);
    return outcome;
  }
}
