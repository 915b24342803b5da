/**
 * Nested containers of the operator API: more commands in the container of a task, by names that clients choose.
 *
 * They share the task's folder, user, environment and limits (ADR 0069), and end with it. In memory only: a restart of the
 * agent ends them.
 */
import type { ErrorCode } from "#contracts/errors.ts";
import type { CommandInfo, ContainerID, ContainerInfo } from "#contracts/kernel/messages.gen.ts";
import { CodedError } from "#foundation/base/errors.ts";
import type { ContainerExit, Session, SessionSpec } from "#kernel/containerizer/index.ts";
import { containerIdOf, hasOwnContainer, type TaskRun } from "../../core/task-run.ts";
import type { AgentView } from "../../core/view.ts";
import { sessionOf } from "../command-session.ts";
import type { SessionAsker, Sessions } from "../sessions.ts";
import { ProcessOutput } from "./process-output.ts";

export interface NestedContainer {
  readonly id: ContainerID;
  readonly session: Session;
  readonly output: ProcessOutput;
  readonly hasTerminal: boolean;
  readonly ended: Promise<ContainerExit>;
  /** Once it ended. */
  exit: ContainerExit | undefined;
  /** One writer at a time. */
  hasWriter: boolean;
}

export interface NestedRequest {
  readonly container_id: ContainerID;
  readonly command?: CommandInfo;
  readonly container?: ContainerInfo;
}

export interface NestedOptions {
  readonly view: () => AgentView;
  readonly sessions: Sessions;
}

/** Ended ones that nobody removed; the oldest is forgotten. */
const endedMax = 1_000;
const terminalDefault = { rows: 24, columns: 80 } as const;

export class NestedContainers {
  readonly #options: NestedOptions;
  readonly #containers = new Map<string, NestedContainer>();
  readonly #starting = new Set<string>();

  constructor(options: NestedOptions) {
    this.#options = options;
  }

  all(): Iterable<NestedContainer> {
    return this.#containers.values();
  }

  get(id: ContainerID): NestedContainer | undefined {
    return this.#containers.get(keyOf(id));
  }

  /** Undefined when there is one of that name already. Throws CodedError `NotFound` (no such parent), `InvalidRequest`, and what sessions throw. */
  async launch(request: NestedRequest, asker: SessionAsker): Promise<NestedContainer | undefined> {
    const { container_id: id } = request;
    const key = keyOf(id);
    if (this.#containers.has(key) || this.#starting.has(key)) return undefined;
    const run = this.#parentOf(id);
    const spec = specOf(request, run);
    this.#starting.add(key);
    try {
      const task = { taskId: run.spec.task.task_id.value, containerId: run.spec.containerId };
      const session = await this.#options.sessions.open(task, spec, asker);
      const container: NestedContainer = {
        id,
        session,
        output: new ProcessOutput(session),
        hasTerminal: spec.terminal !== undefined,
        ended: session.ended,
        exit: undefined,
        hasWriter: false,
      };
      this.#containers.set(key, container);
      void session.ended.then((exit) => {
        container.exit = exit;
        this.#forgetOldest();
      });
      return container;
    } finally {
      this.#starting.delete(key);
    }
  }

  /** Throws CodedError `Conflict` for one that runs. */
  remove(id: ContainerID): void {
    const container = this.get(id);
    if (container !== undefined && container.exit === undefined)
      throw new CodedError<ErrorCode>("Conflict", "Nested container has not terminated yet");
    this.#containers.delete(keyOf(id));
  }

  #parentOf({ value, parent }: ContainerID): TaskRun {
    if (value === "" || value.length > 200 || !/^[A-Za-z0-9_.-]+$/.test(value))
      throw invalid("container_id.value: 1 to 200 letters, digits, dots, dashes and underscores are allowed");
    if (parent === undefined) throw invalid("Expecting 'container_id.parent' to be present");
    for (const { runs } of this.#options.view().frameworks.values()) {
      const run = runs.find((each) => isSameContainer(containerIdOf(each), parent));
      if (run?.progress.phase === "running" && hasOwnContainer(run)) return run;
    }
    throw new CodedError<ErrorCode>("NotFound", `Container ${parent.value} cannot be found`);
  }

  #forgetOldest(): void {
    const ended = [...this.#containers].filter(([, { exit }]) => exit !== undefined);
    for (const [key] of ended.slice(0, Math.max(0, ended.length - endedMax))) this.#containers.delete(key);
  }
}

/** A task of an executor that the agent plays is in a container within the executor's. */
export const isSameContainer = (one: ContainerID, other: ContainerID): boolean =>
  one.value === other.value &&
  (one.parent === undefined || other.parent === undefined
    ? one.parent === other.parent
    : isSameContainer(one.parent, other.parent));

const keyOf = ({ value, parent }: ContainerID): string => `${parent?.value ?? ""} ${value}`;

const invalid = (message: string): CodedError<ErrorCode> => new CodedError("InvalidRequest", message);

function specOf({ command, container }: NestedRequest, run: TaskRun): SessionSpec {
  if (command?.value === undefined || command.value === "")
    throw invalid("Expecting 'command.value' to be present: there is no image with a command of its own");
  if ((command.uris ?? []).length > 0)
    throw invalid("command.uris: nothing is fetched for nested containers");
  if (command.user !== undefined && command.user !== run.spec.task.command?.user)
    throw invalid("command.user: a nested container has the user of its task");
  if (container !== undefined) {
    const { type, mesos, volumes = [], network_infos = [], linux_info, docker } = container;
    if (type !== "MESOS" || docker !== undefined || mesos?.image !== undefined)
      throw invalid("container: a nested container has the image of its task");
    if (volumes.length > 0 || network_infos.length > 0 || linux_info !== undefined)
      throw invalid("container: a nested container has the volumes, networks and settings of its task");
  }
  const tty = container?.tty_info;
  const { rows, columns } = tty?.window_size ?? terminalDefault;
  if (tty !== undefined && (rows < 1 || columns < 1 || rows > 10_000 || columns > 10_000))
    throw invalid("container.tty_info.window_size: rows and columns must be from 1 to 10000");
  return { ...sessionOf(command), ...(tty === undefined ? {} : { terminal: { rows, cols: columns } }) };
}
