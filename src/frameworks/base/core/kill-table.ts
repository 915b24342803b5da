/**
 * Ends tasks: at most so many kills in flight, each repeated until the task is known to be over.
 *
 * A kill that gets lost, or meets a master that is away, costs time only: the wish is part of the record of who
 * owns the task, so it outlives this process too. A task that nothing answers for has no record: after a restart
 * reconciliation tells of it again. Source: contract marathon.md section 11.4.
 */
import type { JsonValue } from "#foundation/base/json.ts";
import type { SharedTurn, Surroundings } from "./surroundings.ts";

interface Kill {
  readonly taskId: string;
  readonly agentId: string | undefined;
  isInFlight: boolean;
  /** How often it was said. */
  attempts: number;
}

export class KillTable {
  readonly #kills = new Map<string, Kill>();
  readonly #waiting = new Set<Kill>();
  #inFlight = 0;
  #attempts = 0;

  get size(): number {
    return this.#kills.size;
  }

  get inFlight(): number {
    return this.#inFlight;
  }

  /** Of those in flight. */
  get attempts(): number {
    return this.#attempts;
  }

  has(taskId: string): boolean {
    return this.#kills.has(taskId);
  }

  want(turn: SharedTurn, state: Surroundings, taskId: string, agentId: string | undefined): void {
    if (this.#kills.has(taskId)) return;
    const kill: Kill = { taskId, agentId, isInFlight: false, attempts: 0 };
    this.#kills.set(taskId, kill);
    this.#waiting.add(kill);
    this.#pump(turn, state);
  }

  /** The task is over, or nobody cares any more. */
  settle(turn: SharedTurn, state: Surroundings, taskId: string): void {
    const kill = this.#kills.get(taskId);
    if (kill === undefined) return;
    this.#kills.delete(taskId);
    this.#waiting.delete(kill);
    state.timers.cancel(timerKey(taskId));
    if (kill.isInFlight) this.#inFlight -= 1;
    this.#attempts -= kill.attempts;
    this.#pump(turn, state);
  }

  /** The last answer is late: says it again. */
  again(turn: SharedTurn, state: Surroundings, taskId: string): void {
    const kill = this.#kills.get(taskId);
    if (kill?.isInFlight === true) this.#send(turn, state, kill);
  }

  /** The stream is new: what was said on the old one may never have arrived. */
  reconnected(turn: SharedTurn, state: Surroundings): void {
    for (const kill of this.#kills.values()) {
      if (kill.isInFlight) this.#send(turn, state, kill);
    }
    this.#pump(turn, state);
  }

  snapshot(): JsonValue {
    return [...this.#kills.values()].map((kill) => [kill.taskId, kill.isInFlight]);
  }

  check(inFlightMax: number): readonly string[] {
    const problems: string[] = [];
    const inFlight = [...this.#kills.values()].filter((kill) => kill.isInFlight).length;
    if (inFlight !== this.#inFlight) problems.push(`${inFlight} kills in flight, ${this.#inFlight} counted`);
    if (inFlight > inFlightMax) problems.push(`${inFlight} kills in flight, at most ${inFlightMax} allowed`);
    if (inFlight + this.#waiting.size !== this.#kills.size)
      problems.push("kills are neither in flight nor waiting");
    return problems;
  }

  #pump(turn: SharedTurn, state: Surroundings): void {
    if (!state.connection.isConnected) return;
    for (const kill of this.#waiting) {
      if (this.#inFlight >= state.policy.killsInFlightMax) return;
      this.#waiting.delete(kill);
      kill.isInFlight = true;
      this.#inFlight += 1;
      this.#send(turn, state, kill);
    }
  }

  #send(turn: SharedTurn, state: Surroundings, kill: Kill): void {
    kill.attempts += 1;
    this.#attempts += 1;
    turn.call({
      type: "KILL",
      kill: {
        task_id: { value: kill.taskId },
        ...(kill.agentId === undefined ? {} : { agent_id: { value: kill.agentId } }),
      },
    });
    state.timers.set(timerKey(kill.taskId), turn.now + state.policy.killRetryMs, {
      kind: "killAgain",
      taskId: kill.taskId,
    });
  }
}

function timerKey(taskId: string): string {
  return `kill/${taskId}`;
}
