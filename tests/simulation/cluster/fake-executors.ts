/**
 * Executors of frameworks on one machine, as strangers write them: each keeps what was not acknowledged, comes back to
 * whichever agent is up, and tells it again. They live in containers of the machine, and end with those.
 */
import type {
  ExecutorCall,
  ExecutorEvent,
  TaskInfo,
  TaskState,
  TaskStatus,
} from "#contracts/kernel/messages.gen.ts";
import type { Random } from "#foundation/base/random.ts";
import { uuidToBase64 } from "#foundation/base/uuid.ts";
import type { AgentEvent } from "#kernel/agent/core/events.ts";
import type { ContainerExit } from "#kernel/containerizer/driver.ts";
import { between, type World } from "../engine/index.ts";
import type { Lifetimes } from "./fake-containers.ts";

interface FakeExecutor {
  readonly containerId: string;
  readonly ids: Pick<ExecutorCall, "executor_id" | "framework_id">;
  readonly isStubborn: boolean;
  connection: string | undefined;
  /** Tasks that run. */
  readonly running: Set<string>;
  /** Given to it, and nothing of them acknowledged yet. */
  readonly fresh: Map<string, TaskInfo>;
  /** By uuid. */
  readonly unacknowledged: Map<string, TaskStatus>;
}

export interface FakeExecutorsPorts {
  readonly lifetimes: () => Lifetimes;
  /** Sees each task that starts. */
  readonly onStart: (taskId: string) => void;
  readonly endContainer: (containerId: string, exit: ContainerExit) => void;
}

const subscribeMs = { min: 5, max: 400 };
/** Now and then later than an agent that came back waits. */
const comeBackMs = { min: 5, max: 2_500 };
const callMs = { min: 1, max: 20 };
const killMs = { min: 5, max: 500 };

export class FakeExecutors {
  readonly #world: World;
  readonly #name: string;
  readonly #random: Random;
  readonly #ports: FakeExecutorsPorts;
  readonly #executors = new Map<string, FakeExecutor>();
  #dispatch: ((event: AgentEvent) => void) | undefined;
  #lastConnection = 0;

  constructor(world: World, machine: string, ports: FakeExecutorsPorts) {
    this.#world = world;
    this.#name = `executors of ${machine}`;
    this.#random = world.fork(this.#name);
    this.#ports = ports;
  }

  /** Tasks that run now. */
  running(): readonly string[] {
    return [...this.#executors.values()].flatMap(({ running }) => [...running]);
  }

  /** An agent is up: what was open to an earlier one is not any more. */
  attach(dispatch: (event: AgentEvent) => void): void {
    this.#dispatch = dispatch;
    for (const executor of this.#executors.values()) {
      executor.connection = undefined;
      this.#subscribeSoon(executor, comeBackMs);
    }
  }

  started(containerId: string, ids: FakeExecutor["ids"]): void {
    const executor: FakeExecutor = {
      containerId,
      ids,
      isStubborn: this.#random.next() < this.#ports.lifetimes().stubborn,
      connection: undefined,
      running: new Set(),
      fresh: new Map(),
      unacknowledged: new Map(),
    };
    this.#executors.set(containerId, executor);
    this.#subscribeSoon(executor);
  }

  ended(containerId: string): void {
    this.#executors.delete(containerId);
  }

  losePower(): void {
    this.#executors.clear();
  }

  tell(connection: string, event: ExecutorEvent): void {
    const executor = [...this.#executors.values()].find((each) => each.connection === connection);
    if (executor === undefined) return;
    this.#world.trace.add(this.#world.elapsedMs, this.#name, event.type ?? "", executor.containerId);
    switch (event.type) {
      case "LAUNCH":
        if (event.launch !== undefined) this.#launch(executor, event.launch.task);
        return;
      case "KILL": {
        const taskId = event.kill?.task_id.value ?? "";
        const later = between(this.#random, killMs.min, killMs.max);
        this.#world.schedule(later, () => this.#end(executor, taskId, "TASK_KILLED"));
        return;
      }
      case "ACKNOWLEDGED":
        executor.unacknowledged.delete(event.acknowledged?.uuid ?? "");
        executor.fresh.delete(event.acknowledged?.task_id.value ?? "");
        return;
      case "SHUTDOWN":
        if (executor.isStubborn) return;
        for (const taskId of [...executor.running]) this.#end(executor, taskId, "TASK_KILLED");
        this.#world.schedule(between(this.#random, killMs.min, killMs.max), () =>
          this.#ports.endContainer(executor.containerId, { kind: "exited", status: 0 }),
        );
        return;
      default:
    }
  }

  /** The agent closed a stream. */
  closed(connection: string): void {
    for (const executor of this.#executors.values()) {
      if (executor.connection !== connection) continue;
      executor.connection = undefined;
      this.#subscribeSoon(executor);
    }
  }

  #subscribeSoon(executor: FakeExecutor, { min, max } = subscribeMs): void {
    const dispatch = this.#dispatch;
    this.#world.schedule(between(this.#random, min, max), () => {
      const lives = this.#executors.get(executor.containerId) === executor;
      if (
        !lives ||
        executor.connection !== undefined ||
        dispatch === undefined ||
        dispatch !== this.#dispatch
      )
        return;
      this.#lastConnection += 1;
      const connection = `${this.#name} ${this.#lastConnection}`;
      executor.connection = connection;
      const subscribe = {
        unacknowledged_tasks: [...executor.fresh.values()],
        unacknowledged_updates: [...executor.unacknowledged.values()].map((status) => ({ status })),
      };
      dispatch({
        kind: "executorSubscribed",
        connection,
        call: { ...executor.ids, type: "SUBSCRIBE", subscribe },
      });
    });
  }

  #launch(executor: FakeExecutor, task: TaskInfo): void {
    const taskId = task.task_id.value;
    this.#ports.onStart(taskId);
    executor.running.add(taskId);
    executor.fresh.set(taskId, task);
    this.#update(executor, taskId, "TASK_RUNNING");
    const { ending, failing, longestMs } = this.#ports.lifetimes();
    const isEnding = this.#random.next() < ending;
    const state = this.#random.next() < failing ? "TASK_FAILED" : "TASK_FINISHED";
    const lifeMs = between(this.#random, 1, longestMs);
    if (isEnding) this.#world.schedule(lifeMs, () => this.#end(executor, taskId, state));
  }

  #end(executor: FakeExecutor, taskId: string, state: TaskState): void {
    if (this.#executors.get(executor.containerId) !== executor || !executor.running.delete(taskId)) return;
    this.#update(executor, taskId, state);
  }

  #update(executor: FakeExecutor, taskId: string, state: TaskState): void {
    const uuid = uuidToBase64(this.#random.uuid());
    const status: TaskStatus = { task_id: { value: taskId }, state, source: "SOURCE_EXECUTOR", uuid };
    executor.unacknowledged.set(uuid, status);
    const { connection, ids } = executor;
    const dispatch = this.#dispatch;
    if (connection === undefined || dispatch === undefined) return;
    this.#world.schedule(between(this.#random, callMs.min, callMs.max), () => {
      const lives = this.#executors.get(executor.containerId) === executor;
      // On a stream that is gone nothing is taken: it is brought again on the next one.
      if (!lives || executor.connection !== connection || dispatch !== this.#dispatch) return;
      dispatch({ kind: "executorCalled", call: { ...ids, type: "UPDATE", update: { status } } });
    });
  }
}
