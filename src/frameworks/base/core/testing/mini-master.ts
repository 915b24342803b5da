/**
 * A master with its agents, as small as a core of a framework can be tested against: it knows tasks and their
 * truth, makes offers, repeats updates until they are acknowledged, answers reconciliation.
 */
import type {
  Offer,
  OperationState,
  Resource,
  TaskInfo,
  TaskStatus,
} from "#contracts/kernel/messages.gen.ts";
import { parseResources, Resources } from "#domain/resources/index.ts";
import type { FrameworkCall } from "../framework-call.ts";
import type { MasterEvent } from "../master-event.ts";
import { anOffer } from "./offers.ts";

export interface MiniTask {
  readonly id: string;
  readonly info: TaskInfo;
  readonly agentId: string;
  /** That it was offered to. */
  readonly role: string;
  /** Tasks that were launched with it in one group; empty for one of its own. */
  readonly group: readonly string[];
  /** Of the executor that came with it. */
  readonly executor: readonly Resource[];
  state: "launching" | "running" | "ended";
  /** In order; the head is told until it is acknowledged. */
  readonly updates: TaskStatus[];
}

interface MiniAgent {
  readonly id: string;
  readonly cpus: number;
  isReachable: boolean;
  isSuspected: boolean;
}

const frameworkId = "framework-1";

export class MiniMaster {
  readonly tasks = new Map<string, MiniTask>();
  readonly agents: readonly MiniAgent[];
  /** Events on their way to the core, in order. */
  readonly outbox: MasterEvent[] = [];
  readonly problems: string[] = [];
  readonly calls: FrameworkCall[] = [];
  /** By agent: what takes no more tasks and is not gone yet. */
  readonly endingExecutors = new Map<string, readonly string[]>();
  isConnected = false;
  /** What it says of operations when it is asked. */
  unknownOperations: OperationState = "OPERATION_UNKNOWN";
  #offers = new Map<string, Offer>();
  /** What a subscription says, in the place of the session. */
  subscribedRoles: () => readonly string[] = () => ["*"];
  /** What the framework is subscribed in. */
  roles: readonly string[] = ["*"];
  readonly #suppressed = new Set<string>();
  /** Agents that a role declined. */
  readonly #filtered = new Set<string>();
  #counter = 0;

  /** Which task ids are attempts at one thing, of which only one may live. */
  readonly #attemptOf: (taskId: string) => { readonly of: string; readonly number: number } | undefined;

  constructor(
    agents: number,
    cpusEach: number,
    attemptOf: (taskId: string) => { readonly of: string; readonly number: number } | undefined = () =>
      undefined,
  ) {
    this.#attemptOf = attemptOf;
    this.agents = Array.from({ length: agents }, (_, index) => ({
      id: `agent-${index + 1}`,
      cpus: cpusEach,
      isReachable: true,
      isSuspected: false,
    }));
  }

  connect(): void {
    this.isConnected = true;
    this.#offers.clear();
    this.#filtered.clear();
    this.#suppressed.clear();
    this.roles = this.subscribedRoles();
    this.outbox.push({ kind: "subscribed", frameworkId, master: "127.0.0.1:5050" });
  }

  disconnect(): void {
    this.isConnected = false;
    this.outbox.length = 0;
    this.outbox.push({ kind: "disconnected" });
  }

  /** Offers of all that is free, to a framework that wants some. */
  allocate(): void {
    if (!this.isConnected) return;
    const offered = new Set([...this.#offers.values()].map((offer) => offer.agent_id.value));
    const offers: Offer[] = [];
    for (const agent of this.agents) {
      if (!agent.isReachable || agent.isSuspected || offered.has(agent.id)) continue;
      const role = this.#nextRole(agent);
      if (role === undefined) continue;
      const free = this.#freeOn(agent);
      if (free.scalarMillis("cpus") === 0) continue;
      this.#counter += 1;
      const offer: Offer = {
        ...anOffer({ id: `offer-${this.#counter}`, agentId: agent.id, role }),
        resources: free.toWire({ format: "old" }),
        executor_ids: (this.endingExecutors.get(agent.id) ?? []).map((value) => ({ value })),
      };
      offers.push(offer);
      this.#offers.set(offer.id.value, offer);
    }
    if (offers.length > 0) this.outbox.push({ kind: "offersReceived", offers });
  }

  /** Each of the roles that want something of an agent has its turn. */
  #nextRole({ id }: MiniAgent): string | undefined {
    const wanting = this.roles.filter(
      (role) => !this.#suppressed.has(role) && !this.#filtered.has(filterKey(role, id)),
    );
    return wanting[this.#counter % Math.max(1, wanting.length)];
  }

  /** Agents say again what wasn't acknowledged. */
  retryUpdates(): void {
    if (!this.isConnected) return;
    for (const task of this.tasks.values()) {
      const [head] = task.updates;
      if (head !== undefined && this.#agentOf(task).isReachable) {
        this.outbox.push({ kind: "statusReceived", status: head });
      }
    }
  }

  take(call: FrameworkCall): void {
    if (!this.isConnected) return;
    this.calls.push(call);
    switch (call.type) {
      case "ACCEPT":
        return this.#accept(call);
      case "DECLINE":
        for (const { value } of call.decline?.offer_ids ?? []) {
          const offer = this.#offers.get(value);
          // There is no clock here: a second is over at once, more than that never.
          const isLong = (call.decline?.filters?.refuse_seconds ?? 5) > 1;
          if (offer !== undefined && isLong) this.#filter(offer);
          this.#offers.delete(value);
        }
        return;
      case "REVIVE":
        return this.#revive(call.revive?.roles ?? []);
      case "SUPPRESS":
        if (this.#hasAll(call.suppress?.roles ?? []))
          for (const role of call.suppress?.roles ?? []) this.#suppressed.add(role);
        return;
      case "UPDATE_FRAMEWORK":
        return this.#update(call);
      case "KILL":
        return this.#kill(call.kill?.task_id.value ?? "", call.kill?.agent_id?.value);
      case "ACKNOWLEDGE":
        return this.#acknowledge(call);
      case "RECONCILE":
        return this.#reconcile(call);
      case "RECONCILE_OPERATIONS":
        for (const { operation_id } of call.reconcile_operations?.operations ?? [])
          this.outbox.push({
            kind: "operationStatusReceived",
            status: { operation_id, state: this.unknownOperations },
          });
        return;
      case "ACKNOWLEDGE_OPERATION_STATUS":
        return;
      default:
        this.problems.push(`unexpected call ${call.type}`);
    }
  }

  /** A call that names a role of which the master does not know is not heard at all. */
  #hasAll(roles: readonly string[]): boolean {
    return roles.every((role) => this.roles.includes(role));
  }

  #revive(roles: readonly string[]): void {
    if (!this.#hasAll(roles)) return;
    for (const role of roles) {
      this.#suppressed.delete(role);
      for (const { id } of this.agents) this.#filtered.delete(filterKey(role, id));
    }
    this.allocate();
  }

  #filter({ allocation_info: allocation, agent_id: agent }: Offer): void {
    this.#filtered.add(filterKey(allocation?.role ?? "*", agent.value));
  }

  #update({ update_framework: update }: FrameworkCall): void {
    this.roles = update?.framework_info.roles ?? [];
    this.#suppressed.clear();
    for (const role of update?.suppressed_roles ?? []) this.#suppressed.add(role);
    for (const [id, { allocation_info: allocation }] of this.#offers) {
      if (this.roles.includes(allocation?.role ?? "*")) continue;
      this.#offers.delete(id);
      this.outbox.push({ kind: "offerRescinded", offerId: id });
    }
  }

  startTask(task: MiniTask): void {
    if (task.state !== "launching") return;
    task.state = "running";
    this.#tell(task, "TASK_RUNNING");
  }

  endTask(task: MiniTask, state: TaskStatus["state"]): void {
    if (task.state === "ended") return;
    task.state = "ended";
    this.#tell(task, state);
    for (const role of this.roles) this.#filtered.delete(filterKey(role, task.agentId));
    if (state === "TASK_FINISHED") return;
    for (const id of task.group) {
      const other = this.tasks.get(id);
      if (other !== undefined) this.endTask(other, "TASK_KILLED");
    }
  }

  loseAgent(agent: MiniAgent): void {
    if (!agent.isReachable) return;
    agent.isReachable = false;
    for (const task of this.tasks.values()) {
      if (task.agentId !== agent.id || task.state === "ended" || !this.isConnected) continue;
      this.outbox.push({
        kind: "statusReceived",
        status: { task_id: { value: task.id }, agent_id: { value: agent.id }, state: "TASK_UNREACHABLE" },
      });
    }
    for (const [id, offer] of this.#offers) {
      if (offer.agent_id.value !== agent.id) continue;
      this.#offers.delete(id);
      if (this.isConnected) this.outbox.push({ kind: "offerRescinded", offerId: id });
    }
  }

  returnAgent(agent: MiniAgent): void {
    if (agent.isReachable) return;
    agent.isReachable = true;
    for (const task of this.tasks.values()) {
      if (task.agentId === agent.id && task.state === "running" && this.isConnected) {
        this.outbox.push({
          kind: "statusReceived",
          status: {
            task_id: { value: task.id },
            agent_id: { value: agent.id },
            state: "TASK_RUNNING",
            reason: "REASON_AGENT_REREGISTERED",
          },
        });
      }
    }
  }

  alive(): readonly MiniTask[] {
    return [...this.tasks.values()].filter((task) => task.state !== "ended");
  }

  /** Two live attempts at one thing must never be. */
  check(): readonly string[] {
    const problems = [...this.problems];
    const attempts = new Map<string, number>();
    for (const task of this.alive()) {
      const attempt = this.#attemptOf(task.id) ?? { of: task.id, number: 0 };
      if ((attempts.get(attempt.of) ?? attempt.number) !== attempt.number)
        problems.push(`two live attempts at ${attempt.of}`);
      attempts.set(attempt.of, attempt.number);
    }
    for (const agent of this.agents) {
      const used = this.#usedOn(agent).reduce((sum, part) => sum + part.scalarMillis("cpus"), 0);
      if (used > agent.cpus * 1_000) problems.push(`${agent.id} is overcommitted`);
    }
    return problems;
  }

  #agentOf(task: MiniTask): MiniAgent {
    const agent = this.agents.find(({ id }) => id === task.agentId);
    if (agent === undefined) throw new Error(`no agent ${task.agentId}`);
    return agent;
  }

  #usedOn(agent: MiniAgent): readonly Resources[] {
    return this.alive()
      .filter((task) => task.agentId === agent.id)
      .map((task) => parseResources([...(task.info.resources ?? []), ...task.executor]));
  }

  #freeOn(agent: MiniAgent): Resources {
    const all = parseResources(anOffer({ agentId: agent.id, cpus: agent.cpus }).resources ?? []);
    return this.#usedOn(agent).reduce((left, used) => left.minus(used), all);
  }

  #accept(call: FrameworkCall): void {
    const offerId = call.accept?.offer_ids?.[0]?.value ?? "";
    const offer = this.#offers.get(offerId);
    this.#offers.delete(offerId);
    const launches = (call.accept?.operations ?? []).flatMap(({ launch, launch_group: group }) => [
      ...(launch?.task_infos ?? []).map((info) => ({ info, group: [], executor: [], isRefused: false })),
      ...(group?.task_group.tasks ?? []).map((info, index, all) => ({
        info,
        group: all.map(({ task_id }) => task_id.value),
        executor: index === 0 ? (group?.executor.resources ?? []) : [],
        isRefused: this.#isEnding(offer, group?.executor.executor_id.value),
      })),
    ]);
    for (const { info, group, executor, isRefused } of launches) {
      const id = info.task_id.value;
      if (offer === undefined || isRefused) {
        this.#push({ task_id: info.task_id, agent_id: info.agent_id, state: "TASK_DROPPED" });
        continue;
      }
      if (this.tasks.has(id)) this.problems.push(`task id ${id} was launched twice`);
      const agentId = info.agent_id.value;
      const role = offer.allocation_info?.role ?? "*";
      this.tasks.set(id, { id, info, agentId, role, group, executor, state: "launching", updates: [] });
    }
    if (offer === undefined) return;
    const launched = Resources.sum(
      launches.map(({ info, executor }) => parseResources([...(info.resources ?? []), ...executor])),
    );
    if (!parseResources(offer.resources ?? []).contains(launched))
      this.problems.push("launched more than offered");
    if ((call.accept?.filters?.refuse_seconds ?? 5) > 0) this.#filter(offer);
  }

  #isEnding(offer: Offer | undefined, executor: string | undefined): boolean {
    return this.endingExecutors.get(offer?.agent_id.value ?? "")?.includes(executor ?? "") === true;
  }

  #kill(taskId: string, agentId: string | undefined): void {
    const task = this.tasks.get(taskId);
    if (task === undefined || task.state === "ended") {
      const isPending = (task?.updates.length ?? 0) > 0;
      if (!isPending) this.#answerUnknown(taskId, agentId);
      return;
    }
    if (!this.#agentOf(task).isReachable) return;
    this.endTask(task, "TASK_KILLED");
  }

  #acknowledge(call: FrameworkCall): void {
    const task = this.tasks.get(call.acknowledge?.task_id.value ?? "");
    const [head] = task?.updates ?? [];
    if (head === undefined || head.uuid !== call.acknowledge?.uuid) return;
    task?.updates.shift();
    const next = task?.updates[0];
    if (next !== undefined) this.#push(next);
  }

  #reconcile(call: FrameworkCall): void {
    const named = call.reconcile?.tasks ?? [];
    if (named.length === 0) {
      for (const task of this.alive()) {
        if (this.#agentOf(task).isReachable) this.#answer(task);
      }
      return;
    }
    for (const { task_id, agent_id } of named) {
      const task = this.tasks.get(task_id.value);
      if (task !== undefined && (task.state !== "ended" || task.updates.length > 0)) this.#answer(task);
      else this.#answerUnknown(task_id.value, agent_id?.value);
    }
  }

  #answer(task: MiniTask): void {
    const status = { task_id: { value: task.id }, agent_id: { value: task.agentId } };
    if (!this.#agentOf(task).isReachable) {
      this.#push({ ...status, state: "TASK_UNREACHABLE", reason: "REASON_RECONCILIATION" });
      return;
    }
    // A pending update speaks for itself.
    if (task.updates.length > 0) return;
    const state = task.state === "running" ? "TASK_RUNNING" : "TASK_STAGING";
    this.#push({ ...status, state, reason: "REASON_RECONCILIATION" });
  }

  #answerUnknown(taskId: string, agentId: string | undefined): void {
    const agent = this.agents.find(({ id }) => id === agentId);
    const state = agent === undefined ? "TASK_UNKNOWN" : agent.isReachable ? "TASK_GONE" : "TASK_UNREACHABLE";
    this.#push({
      task_id: { value: taskId },
      ...(agentId === undefined ? {} : { agent_id: { value: agentId } }),
      state,
      reason: "REASON_RECONCILIATION",
    });
  }

  #tell(task: MiniTask, state: TaskStatus["state"]): void {
    this.#counter += 1;
    task.updates.push({
      task_id: { value: task.id },
      agent_id: { value: task.agentId },
      state,
      uuid: `uuid-${this.#counter}`,
    });
    const [head] = task.updates;
    if (task.updates.length === 1 && head !== undefined && this.#agentOf(task).isReachable) this.#push(head);
  }

  #push(status: TaskStatus): void {
    if (this.isConnected) this.outbox.push({ kind: "statusReceived", status });
  }
}

const filterKey = (role: string, agentId: string): string => `${role} ${agentId}`;
