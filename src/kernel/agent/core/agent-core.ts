/** The deciding half of the agent: every event comes in here. */
import type { MasterToAgent, ShutdownAgent } from "#contracts/link/messages.ts";
import { assertNever } from "#foundation/base/assert.ts";
import type { Core, InstantMs, Outcome } from "#foundation/base/core.ts";
import type { JsonValue } from "#foundation/base/json.ts";
import type { Random } from "#foundation/base/random.ts";
import { incompatibility } from "./compatibility.ts";
import { type ContainerNewsParts, tellContainer } from "./container-news.ts";
import { describeAgent } from "./description.ts";
import { DiskQuota } from "./disk-quota.ts";
import { Drain } from "./drain.ts";
import type { AgentEffect, AgentEvent } from "./events.ts";
import { Executors } from "./executors.ts";
import { History } from "./history.ts";
import { ImageCollection } from "./image-collection.ts";
import { invariantsBroken } from "./invariants.ts";
import { defaultsProblem } from "./linux-settings.ts";
import { LoadControl } from "./load-control.ts";
import { AgentResources } from "./operations/agent-resources.ts";
import { OperationStatuses } from "./operations/operation-statuses.ts";
import { Orders } from "./orders.ts";
import type { AgentFacts, AgentPolicy } from "./policy.ts";
import { type AgentRecords, type IdentityRecord, identityRecord, readRecords } from "./records.ts";
import { recoverContainers } from "./recovery.ts";
import { Registration } from "./registration.ts";
import { mountsOfRun } from "./run-volumes.ts";
import { Sandboxes } from "./sandboxes.ts";
import { Standalones } from "./standalone.ts";
import { Step } from "./step.ts";
import { TaskBook } from "./task-book.ts";
import { TaskLifecycle } from "./task-lifecycle.ts";
import { hasOwnContainer, recordKeys } from "./task-run.ts";
import { TaskTable } from "./task-table.ts";
import { type AgentTimer, AgentTimers } from "./timers.ts";
import { UpdateStreams } from "./update-streams.ts";
import { type AgentView, type RecoveryFacts, viewOf } from "./view.ts";

export interface AgentCoreOptions {
  readonly facts: AgentFacts;
  readonly policy: AgentPolicy;
  readonly random: Random;
  /** Everything a former life of this agent wrote. */
  readonly records: ReadonlyMap<string, JsonValue>;
}

/** `unable`: its records or its configuration forbid to start. */
type Life = "new" | "recovering" | "running" | "ending" | "ended" | "unable";

export class AgentCore implements Core<AgentEvent, AgentEffect> {
  readonly #facts: AgentFacts;
  readonly #policy: AgentPolicy;
  readonly #timers = new AgentTimers();
  readonly #table = new TaskTable();
  readonly #history = new History();
  readonly #sandboxes: Sandboxes;
  readonly #images = new ImageCollection();
  readonly #streams: UpdateStreams;
  readonly #registration: Registration;
  readonly #book: TaskBook;
  readonly #lifecycle: TaskLifecycle;
  readonly #executors: Executors;
  readonly #orders: Orders;
  readonly #standalones: Standalones;
  readonly #diskQuota: DiskQuota;
  readonly #loadControl: LoadControl;
  /** For those who divide among tasks and executors what is told. */
  readonly #parts: ContainerNewsParts;
  readonly #drain: Drain;
  readonly #resources: AgentResources;
  readonly #operations: OperationStatuses;
  #identity: IdentityRecord | undefined;
  #life: Life = "new";
  #problem: string | undefined;
  /** The master wants nothing of it any more, now or later. */
  #isRemoved = false;
  #rebooted = false;
  #startedAt: InstantMs = 0;
  #recovery: RecoveryFacts | undefined;

  constructor({ facts, policy, random, records }: AgentCoreOptions) {
    this.#facts = facts;
    this.#policy = policy;
    this.#resources = new AgentResources(facts, random);
    this.#operations = new OperationStatuses(policy, random, this.#timers, {
      agentId: () => this.#identity?.agentId,
      send: (step, message) => this.#registration.send(step, message),
    });
    this.#sandboxes = new Sandboxes(policy);
    this.#drain = new Drain(policy.killGraceMs);
    this.#streams = new UpdateStreams(policy, this.#timers, {
      send: (step, message) => this.#registration.send(step, message),
      latestState: (containerId) => this.#table.get(containerId)?.progress.state,
      onForwarded: (containerId, status) => this.#book.noteForwarded(containerId, status),
    });
    const read = readRecords(records);
    const former = typeof read === "string" ? undefined : read;
    this.#problem = typeof read === "string" ? read : undefined;
    this.#registration = new Registration(policy, random, this.#timers, former?.epoch ?? 0, {
      bootId: facts.bootId,
      agentId: () => this.#identity?.agentId,
      describe: () =>
        describeAgent({
          facts,
          agentId: this.#identity?.agentId,
          total: this.#resources.total,
          table: this.#table,
          operations: this.#operations,
        }),
      onRegistered: (step, agentId) => this.#onRegistered(step, agentId),
      onLost: () => {
        this.#streams.pause();
        this.#operations.pause();
      },
    });
    this.#book = new TaskBook({
      facts,
      random,
      table: this.#table,
      streams: this.#streams,
      history: this.#history,
      onForgotten: (step, run) => this.#executors.runForgotten(step, run),
    });
    const shared = {
      facts,
      policy,
      random,
      timers: this.#timers,
      table: this.#table,
      book: this.#book,
      streams: this.#streams,
      sandboxes: this.#sandboxes,
      history: this.#history,
      drain: this.#drain,
      resources: this.#resources,
      agentId: () => this.#identity?.agentId,
    };
    this.#lifecycle = new TaskLifecycle({
      ...shared,
      onEnded: (step, run, verdict) => this.#executors.native.taskEnded(step, run, verdict),
    });
    this.#executors = new Executors({
      ...shared,
      lifecycle: this.#lifecycle,
      send: (step, message) => this.#registration.send(step, message),
    });
    this.#standalones = new Standalones({
      facts,
      policy,
      isTaken: (id) => this.#table.get(id) !== undefined || this.#table.executors.get(id) !== undefined,
    });
    this.#parts = {
      table: this.#table,
      lifecycle: this.#lifecycle,
      executors: this.#executors,
      standalones: this.#standalones,
    };
    this.#diskQuota = new DiskQuota({ ...this.#parts, policy, timers: this.#timers });
    this.#loadControl = new LoadControl({ ...this.#parts, policy, timers: this.#timers });
    this.#orders = new Orders({
      ...this.#parts,
      streams: this.#streams,
      drain: this.#drain,
      resources: this.#resources,
      operations: this.#operations,
      send: (step, message) => this.#registration.send(step, message),
    });
    if (former !== undefined) this.#restore(former);
    this.#problem ??= defaultsProblem({ facts, policy });
  }

  apply(event: AgentEvent, now: InstantMs): Outcome<AgentEffect> {
    const step = new Step(now);
    this.#take(step, event);
    this.#drain.endWhenEmpty(step, this.#table.runs());
    this.#endWhenEmpty(step);
    return step.outcome();
  }

  wakeAt(): InstantMs | undefined {
    return this.#timers.queue.nextAt();
  }

  wake(now: InstantMs): Outcome<AgentEffect> {
    const step = new Step(now);
    for (
      let due = this.#timers.queue.takeDue(now);
      due !== undefined;
      due = this.#timers.queue.takeDue(now)
    ) {
      this.#fire(step, due.timer);
    }
    this.#drain.endWhenEmpty(step, this.#table.runs());
    this.#endWhenEmpty(step);
    return step.outcome();
  }

  snapshot(): JsonValue {
    const runs = [...this.#table.runs()].map(({ spec, progress, statuses, forwarded }) => ({
      spec,
      progress,
      statuses,
      forwarded: forwarded ?? null,
      pending: this.#streams.pending(spec.containerId).map(({ uuid }) => uuid ?? null),
    }));
    const whole = {
      life: this.#life,
      identity: this.#identity ?? null,
      registration: this.#registration.describePhase(),
      epoch: this.#registration.epoch,
      drain: this.#drain.record ?? null,
      frameworks: [...this.#table.frameworks().keys()],
      executors: [...this.#table.executors.all()].map(({ spec, progress, connection }) => ({
        spec,
        progress,
        connection: connection ?? null,
      })),
      runs,
      sandboxes: this.#sandboxes.facts(),
      total: String(this.#resources.total),
      operations: this.#operations.list(),
      standalone: [...this.#standalones.all().values()],
    };
    // Wire messages and plain fields of ours: JSON all the way down.
    return whole as unknown as JsonValue;
  }

  check(): readonly string[] {
    return invariantsBroken({
      table: this.#table,
      streams: this.#streams,
      timers: this.#timers,
      checks: this.#lifecycle.checks,
      resources: this.#resources,
      operations: this.#operations,
      isRegistered: this.#registration.isRegistered,
      isRunning: this.#life === "running",
    });
  }

  get isRegistered(): boolean {
    return this.#registration.isRegistered;
  }

  /** What HTTP shows. A copy of nothing: read it before the next event. */
  view(): AgentView {
    return viewOf({
      facts: this.#facts,
      identity: this.#identity,
      table: this.#table,
      history: this.#history,
      sandboxes: this.#sandboxes,
      book: this.#book,
      lifecycle: this.#lifecycle,
      executors: this.#executors,
      preempted: this.#loadControl.preempted,
      drain: this.#drain.record,
      total: this.#resources.total,
      operations: this.#operations.list(),
      standalones: this.#standalones.all(),
      mountsOf: (run) => mountsOfRun(run, this.#table.executors, this.#resources),
      isRegistered: this.#registration.isRegistered,
      masterId: this.#registration.masterId,
      isRecovered: this.#life === "running" || this.#life === "ending",
      recovery: this.#recovery,
    });
  }

  #restore(former: AgentRecords): void {
    const { identity, frameworks, executors, runs, updates, sandboxes, holdings, operations } = former;
    this.#drain.restore(former.drain);
    this.#identity = identity;
    this.#problem = this.#resources.restore(holdings);
    for (const record of operations) this.#operations.restore(record);
    for (const record of former.standalone) this.#standalones.restore(record);
    this.#rebooted = identity !== undefined && identity.bootId !== this.#facts.bootId;
    for (const { info } of frameworks) this.#table.restoreFramework(info.id?.value ?? "", info);
    for (const executor of executors) this.#table.addExecutor({ ...executor, connection: undefined });
    const statuses = new Map(updates.map(({ containerId, record }) => [containerId, record.status]));
    for (const { spec, progress } of runs) {
      const newest = statuses.get(spec.containerId);
      this.#table.add({
        spec,
        progress,
        statuses: newest === undefined ? [] : [newest],
        forwarded: undefined,
      });
    }
    for (const { containerId, sequence, record } of updates) {
      if (this.#table.get(containerId) !== undefined) this.#streams.restore(containerId, sequence, record);
    }
    // Records come by key; what is left of tasks is told in the order in which they ended.
    for (const { containerId, record } of [...sandboxes].sort(
      (one, other) => one.record.endedAt - other.record.endedAt,
    ))
      this.#sandboxes.restore(containerId, record);
    if (identity !== undefined)
      this.#problem ??= incompatibility(identity, this.#facts, this.#policy.reconfiguration);
  }

  #take(step: Step, event: AgentEvent): void {
    if (this.#life === "unable" || this.#life === "ended") return;
    switch (event.kind) {
      case "started":
        return this.#start(step);
      case "containersRecovered":
        return this.#recovered(step, event);
      case "linkOpened":
        return this.#registration.linkOpened(step, event.link);
      case "masterMoved":
        return this.#registration.masterMoved(step);
      case "linkClosed":
        return this.#registration.linkClosed(step, event.link, event.reason);
      case "frameReceived":
        if (this.#registration.isCurrent(event.link)) this.#receive(step, event.message);
        return;
      case "containerStarted":
      case "containerLaunchFailed":
      case "containerExited":
        return tellContainer(step, event, this.#parts);
      case "standaloneOrdered":
        return this.#standalones.ordered(step, event.request, event.order);
      case "executorSubscribed":
        return this.#executors.sessions.subscribed(step, event.connection, event.call);
      case "executorDisconnected":
        return this.#executors.sessions.disconnected(step, event.connection);
      case "executorCalled":
        return this.#executors.sessions.called(step, event.call);
      case "probeEnded": {
        const run = this.#table.get(event.containerId);
        if (run === undefined) return;
        return this.#lifecycle.checks.ended(step, run, event.check, event.number, event.result);
      }
      case "diskMeasured":
        this.#images.diskMeasured(step, event.used, this.#policy);
        return this.#sandboxes.diskMeasured(step, event.used);
      case "loadMeasured":
        return this.#loadControl.measured(step, event.load);
      case "sandboxMeasured":
        this.#diskQuota.measured(step, event.containerId, event.bytes);
        return this.#sandboxes.measured(step, event.containerId, event.bytes);
      case "sandboxRemoved":
        return this.#sandboxes.removed(step, event.containerId, event.failure);
      case "volumeMade":
        return this.#resources.volumeMade(step, event.directory, event.failure);
      case "volumeRemoved":
        return this.#resources.volumeRemoved(step, event.removalId, event.failure);
      default:
        assertNever(event);
    }
  }

  #start(step: Step): void {
    if (this.#life !== "new") return;
    if (this.#problem !== undefined) {
      this.#life = "unable";
      step.emit({ kind: "shutDown", failure: this.#problem });
      return;
    }
    this.#life = "recovering";
    this.#startedAt = step.now;
    const runs = [...this.#table.runs()].filter(
      (run) => run.progress.phase !== "ended" && hasOwnContainer(run),
    );
    const { processes, frames } = this.#table.executors.liveContainers();
    const containerIds = [...processes, ...runs.map(({ spec }) => spec.containerId)];
    step.emit({ kind: "recoverContainers", containerIds, frames });
  }

  #recovered(
    step: Step,
    { containers, addresses }: Extract<AgentEvent, { kind: "containersRecovered" }>,
  ): void {
    if (this.#life !== "recovering") return;
    this.#life = "running";
    const errors = recoverContainers(step, containers, {
      ...this.#parts,
      timers: this.#timers,
      ...(addresses === undefined ? {} : { addresses }),
      rebooted: this.#rebooted,
    });
    this.#recovery = { inMs: step.now - this.#startedAt, errors };
    this.#orders.endTasksForDrain(step);
    if (this.#identity !== undefined) this.#putIdentity(step, this.#identity.agentId);
    this.#timers.set({ kind: "disk" }, step.now + this.#policy.diskWatchMs);
    step.emit({ kind: "measureDisk" });
    this.#diskQuota.due(step);
    this.#loadControl.due(step);
    this.#sandboxes.resume(step);
    this.#resources.resume(step);
    this.#registration.start(step);
  }

  #receive(step: Step, message: MasterToAgent): void {
    switch (message.kind) {
      case "hello":
        return this.#registration.hello(step, message);
      case "registered":
        this.#registration.registered(step, message);
        return;
      case "reregistered":
        if (!this.#registration.registered(step, message)) return;
        this.#orders.reconcile(step, message);
        this.#orders.drain(step, message.drain);
        return;
      case "refused":
        return this.#refused(step, message.reason, message.final);
      case "ping":
        return this.#registration.ping(step, message.connected);
      case "shutdownAgent":
        // Also in answer to a registration: this agent is not wanted any more.
        if (this.#registration.hearsMaster) this.#shutDown(step, message);
        return;
      default:
        // Orders count only from a master that has taken this agent's registration.
        if (this.#registration.isRegistered) this.#orders.obey(step, message);
    }
  }

  #refused(step: Step, reason: string, final: boolean): void {
    if (!final) {
      this.#registration.refused(step, reason);
      return;
    }
    this.#registration.stop(step, reason);
    this.#life = "ended";
    step.emit({ kind: "shutDown", failure: `the master refused this agent for good: ${reason}` });
  }

  /** Removed for good: its tasks end, and it would start again as a new agent. */
  #shutDown(step: Step, { message, mayReturn = false }: ShutdownAgent): void {
    this.#isRemoved = !mayReturn;
    step.log("warn", "agent.removedByMaster", { message });
    this.#registration.stop(step, message);
    this.#life = "ending";
    this.#problem = `the master removed this agent: ${message}`;
    this.#identity = undefined;
    step.delete(recordKeys.identity);
    this.#drain.order(step, undefined);
    this.#orders.discardAll(step);
  }

  #endWhenEmpty(step: Step): void {
    if (this.#life !== "ending" || this.#table.size > 0 || this.#table.executors.size > 0) return;
    this.#life = "ended";
    const failure = this.#problem === undefined ? {} : { failure: this.#problem };
    step.emit({ kind: "shutDown", ...failure, isRemoved: this.#isRemoved });
  }

  #onRegistered(step: Step, agentId: string): void {
    if (this.#identity === undefined) this.#putIdentity(step, agentId);
    step.log("info", "agent.registered", { agentId, masterId: this.#registration.masterId });
    this.#streams.resume(step);
    this.#operations.resume(step);
  }

  #putIdentity(step: Step, agentId: string): void {
    const record = identityRecord(agentId, this.#facts);
    const unchanged = JSON.stringify(record) === JSON.stringify(this.#identity);
    this.#identity = record;
    if (!unchanged) step.put(recordKeys.identity, record);
  }

  #fire(step: Step, timer: AgentTimer): void {
    switch (timer.kind) {
      case "link":
        return this.#registration.linkTimer(step);
      case "ping":
        return this.#registration.pingTimer(step);
      case "disk":
        this.#timers.set({ kind: "disk" }, step.now + this.#policy.diskWatchMs);
        return step.emit({ kind: "measureDisk" });
      case "diskQuota":
        return this.#diskQuota.due(step);
      case "load":
        return this.#loadControl.due(step);
      case "resend":
        return this.#streams.resend(step, timer.containerId);
      case "resendOperation":
        return this.#operations.resend(step, timer.operationUuid);
      case "healthCheck":
      case "check": {
        const run = this.#table.get(timer.containerId);
        if (run !== undefined) this.#lifecycle.checks.due(step, run, timer.kind);
        return;
      }
      case "killGrace":
        return this.#lifecycle.killGraceOver(step, timer.containerId);
      case "executorRegistration":
        return this.#executors.registrationOver(step, timer.containerId);
      case "executorShutdown":
        return this.#executors.shutdownOver(step, timer.containerId);
      case "executorHeartbeat":
        return this.#executors.sessions.heartbeatDue(step, timer.containerId);
      case "maxCompletion":
        return this.#lifecycle.maxCompletionOver(step, timer.containerId);
      default:
        assertNever(timer);
    }
  }
}
