/** Bugs put into the real cores on purpose: each must be caught, and by the invariant that is named here. */
import type { GroupTree } from "#domain/definitions/group.ts";
import type { Core, Outcome, Write } from "#foundation/base/core.ts";
import { isJsonObject, type JsonValue } from "#foundation/base/json.ts";
import type { ServicesCore, ServicesEffect, ServicesEvent } from "#frameworks/services/core/index.ts";
import type { AgentEffect, AgentEvent } from "#kernel/agent/core/events.ts";
import type { MasterEvent } from "#kernel/master/core/events.ts";
import type { FaultPlan } from "../engine/index.ts";
import type { InvariantName } from "../invariants/sentences.ts";
import { changed } from "./changed-core.ts";
import type { ClusterOptions, ClusterSize } from "./cluster.ts";
import { forgettingLaunches, forgettingRuns, keepingOffers, notTellingStops } from "./plants-in-jobs.ts";
import { realCores } from "./real-cores.ts";
import { layeredGroup, manyRoles, oneApp } from "./scripts.ts";

export interface Plant {
  readonly name: string;
  /** What is wrong with the build, in one sentence. */
  readonly bug: string;
  readonly caughtBy: InvariantName;
  readonly options: ClusterOptions;
}

const size: ClusterSize = {
  agents: 4,
  strangers: [
    { name: "alpha", role: "a", tasks: 8, cpus: 0.5, memMib: 256 },
    { name: "beta", role: "b", tasks: 5, cpus: 0.5, memMib: 256 },
  ],
};

/** With a framework that reserves and has volumes. */
const keepingSize: ClusterSize = {
  ...size,
  strangers: [{ name: "keeper", role: "k", tasks: 5, cpus: 0.5, memMib: 256, volumeMib: 100 }],
};

/** With a framework that has executors. */
const executorsSize: ClusterSize = {
  ...size,
  strangers: [{ name: "gamma", role: "c", tasks: 5, cpus: 0.5, memMib: 256, hasExecutor: true }],
};

/** Agents often have two links at once. */
export const manyLinks: Partial<FaultPlan> = { everyMs: 1_500, cutConnection: 20, cutYoung: 0.5 };

/** Connections hold, and with them what is wrong about their offers. */
const onlyCalls: Partial<FaultPlan> = {
  ...{ crash: 0, crashInCommit: 0, breakConnection: 0, cutConnection: 0, partition: 0, failingDisk: 0 },
  callLost: 0.1,
};

const jobsSize: ClusterSize = { agents: 3, strangers: [], jobs: true };

/** Those who lead are often cut off from who says that they lead. */
const electedSize: ClusterSize = {
  ...size,
  agents: 2,
  election: { candidates: 3 },
  faults: { everyMs: 2_000, partition: 10, slowWay: 10, slowDisk: 8 },
};

export const plants: readonly Plant[] = [
  {
    name: "resources-undercounted",
    bug: "the master counts a tenth of what a task takes",
    caughtBy: "resources",
    options: {
      size: { ...size, agents: 2 },
      cores: { ...realCores, master: withMasterEvents(undercounting) },
    },
  },
  {
    name: "started-twice",
    bug: "an agent starts each task a second time",
    caughtBy: "tasks",
    options: withAgentEffects((effect) =>
      effect.kind === "launchContainer"
        ? [effect, { ...effect, plan: { ...effect.plan, containerId: `${effect.plan.containerId}-2` } }]
        : [effect],
    ),
  },
  {
    name: "task-not-given",
    bug: "an agent never gives executors their tasks",
    caughtBy: "convergence",
    options: {
      ...withAgentEffects((effect) =>
        effect.kind === "tellExecutor" && effect.event.type === "LAUNCH" ? [] : [effect],
      ),
      size: executorsSize,
    },
  },
  {
    name: "update-dropped",
    bug: "an agent never tells of a task that failed",
    caughtBy: "convergence",
    options: withAgentEffects((effect) => (tells(effect) === "TASK_FAILED" ? [] : [effect])),
  },
  {
    name: "end-made-up",
    bug: "an agent tells of one in ten tasks that run that they failed",
    caughtBy: "tasks",
    options: withAgentEffects((effect) => [tells(effect) === "TASK_RUNNING" ? madeUp(effect) : effect]),
  },
  {
    name: "offers-kept",
    bug: "jobs does not answer an offer again when its answer got lost",
    caughtBy: "convergence",
    options: {
      size: { ...jobsSize, faults: onlyCalls },
      cores: { ...realCores, jobs: keepingOffers },
    },
  },
  {
    name: "stop-not-told",
    bug: "jobs stops a run and tells nobody to end its task until the kill is due again",
    caughtBy: "promptness",
    options: { size: jobsSize, cores: { ...realCores, jobs: notTellingStops } },
  },
  {
    name: "launch-forgotten",
    bug: "jobs store no launches, and launch again after a crash",
    caughtBy: "tasks",
    options: { size: jobsSize, cores: { ...realCores, jobs: forgettingLaunches } },
  },
  {
    name: "run-forgotten",
    bug: "jobs promise runs that they have not stored",
    caughtBy: "tasks",
    options: { size: jobsSize, cores: { ...realCores, jobs: forgettingRuns } },
  },
  {
    name: "volume-not-made",
    bug: "an agent promises volumes whose directories it does not make",
    caughtBy: "volumes",
    options: {
      ...withAgentEffects((effect) => (effect.kind === "makeVolume" ? [] : [effect])),
      size: keepingSize,
    },
  },
  {
    name: "reservation-forgotten",
    bug: "an agent does not remember what was reserved",
    caughtBy: "tasks",
    options: { ...withAgents(() => forgettingResources), size: keepingSize },
  },
  {
    name: "update-forgotten",
    bug: "an agent deletes an update when it is sent, not when it is acknowledged",
    caughtBy: "updates",
    options: withAgents(forgettingUpdates),
  },
  {
    name: "filter-ignored",
    bug: "the master does not keep what was declined",
    caughtBy: "offers",
    options: { size, cores: { ...realCores, master: withMasterEvents(forgettingDeclines) } },
  },
  {
    name: "limit-ignored",
    bug: "the master takes ten times the limit that was set",
    caughtBy: "quota",
    options: {
      size: { ...size, quotas: [{ role: "a", limits: { cpus: { value: 4 } } }] },
      cores: { ...realCores, master: withMasterEvents(generousLimits) },
    },
  },
  {
    name: "decision-unread",
    bug: "a new master does not read what operators decided about agents",
    caughtBy: "standing",
    options: {
      size: { ...size, operators: true },
      cores: {
        ...realCores,
        master: (boot, pace) => realCores.master({ ...boot, records: withoutStanding(boot.records) }, pace),
      },
    },
  },
  {
    name: "any-acknowledgement",
    bug: "an agent takes an acknowledgement for that of the update it told last, whichever it names",
    caughtBy: "updates",
    options: {
      size,
      cores: { ...realCores, agent: (...of) => takingAnyAcknowledgement(realCores.agent(...of)) },
    },
  },
  {
    name: "late-links-heard",
    bug: "the master takes an agent's links in the order in which they speak, not in that in which they were opened",
    caughtBy: "updates",
    options: {
      size: { ...size, agents: 3, faults: manyLinks },
      cores: { ...realCores, master: withMasterEvents(unseenOpening) },
    },
  },
  {
    name: "effect-before-write",
    bug: "every process acts before its writes are durable",
    caughtBy: "promises",
    options: { size, cores: realCores, nodeOptions: { effectsBeforeWrites: true } },
  },
  {
    name: "session-believed",
    bug: "who leads takes its session for a good one for longer than the session's servers",
    caughtBy: "promises",
    options: {
      size: { ...electedSize, election: { candidates: 3, lostAfterTimeouts: 3 } },
      cores: realCores,
    },
  },
  {
    name: "minimum-ignored",
    bug: "a rolling update ends the old instances without waiting for new ones",
    caughtBy: "capacity",
    options: {
      size: { ...size, users: oneApp },
      cores: { ...realCores, services: ignoringMinimum },
    },
  },
  {
    name: "dependency-ignored",
    bug: "all apps of a group are deployed at once, whatever they depend on",
    caughtBy: "dependencies",
    options: {
      size: { ...size, users: layeredGroup },
      cores: { ...realCores, services: ignoringDependencies },
    },
  },
  {
    name: "roles-confused",
    bug: "services takes what is offered to any role for an offer to its own",
    caughtBy: "roles",
    options: {
      size: { ...size, users: manyRoles },
      cores: { ...realCores, services: confusingRoles },
    },
  },
  {
    name: "releases-forgotten",
    bug: "services stores nothing of what is to be given back",
    caughtBy: "convergence",
    options: {
      size: { ...size, users: manyRoles },
      cores: { ...realCores, services: forgettingReleases },
    },
  },
  {
    name: "restarts-hidden",
    bug: "a plan says that nothing is restarted",
    caughtBy: "plan",
    options: {
      size: { ...size, users: oneApp },
      cores: { ...realCores, services: hidingRestarts },
    },
  },
];

function tells(effect: AgentEffect): string | undefined {
  return effect.kind === "sendFrame" && effect.message.kind === "statusUpdate"
    ? effect.message.status.state
    : undefined;
}

function madeUp(effect: AgentEffect): AgentEffect {
  if (effect.kind !== "sendFrame" || effect.message.kind !== "statusUpdate") return effect;
  const { message } = effect;
  const isChosen = message.status.task_id.value.endsWith("7");
  const status = { ...message.status, state: "TASK_FAILED" as const };
  return isChosen ? { ...effect, message: { ...message, status } } : effect;
}

function withMasterEvents(event: (event: MasterEvent) => MasterEvent) {
  return (...[boot, pace]: Parameters<typeof realCores.master>) =>
    changed(realCores.master(boot, pace), { event });
}

function withAgents(outcome: () => (outcome: Outcome<AgentEffect>) => Outcome<AgentEffect>): ClusterOptions {
  return {
    size,
    cores: {
      ...realCores,
      agent: (boot, machine, pace) => changed(realCores.agent(boot, machine, pace), { outcome: outcome() }),
    },
  };
}

function withAgentEffects(change: (effect: AgentEffect) => readonly AgentEffect[]): ClusterOptions {
  return withAgents(() => ({ writes, effects }) => ({ writes, effects: effects.flatMap(change) }));
}

function takingAnyAcknowledgement(core: Core<AgentEvent, AgentEffect>): Core<AgentEvent, AgentEffect> {
  const told = new Map<string, string>();
  return changed(core, {
    event: (event) => {
      if (event.kind !== "frameReceived" || event.message.kind !== "acknowledge") return event;
      const { uuid, taskId } = event.message;
      return { ...event, message: { ...event.message, uuid: told.get(taskId) ?? uuid } };
    },
    outcome: (outcome) => {
      for (const effect of outcome.effects)
        if (effect.kind === "sendFrame" && effect.message.kind === "statusUpdate")
          told.set(effect.message.status.task_id.value, effect.message.status.uuid ?? "");
      return outcome;
    },
  });
}

function undercounting(event: MasterEvent): MasterEvent {
  if (event.kind !== "schedulerCalled" || event.call.accept === undefined) return event;
  const { accept } = event.call;
  const operations = (accept.operations ?? []).map((operation) => ({
    ...operation,
    launch: {
      task_infos: (operation.launch?.task_infos ?? []).map((task) => ({
        ...task,
        resources: (task.resources ?? []).map((resource) =>
          resource.scalar === undefined
            ? resource
            : { ...resource, scalar: { value: resource.scalar.value / 10 } },
        ),
      })),
    },
  }));
  return { ...event, call: { ...event.call, accept: { ...accept, operations } } };
}

function forgettingDeclines(event: MasterEvent): MasterEvent {
  if (event.kind !== "schedulerCalled" || event.call.decline === undefined) return event;
  const { decline } = event.call;
  return { ...event, call: { ...event.call, decline: { ...decline, filters: { refuse_seconds: 0 } } } };
}

function unseenOpening(event: MasterEvent): MasterEvent {
  return event.kind === "agentConnected" ? { kind: "agentDisconnected", connection: "none" } : event;
}

function generousLimits(event: MasterEvent): MasterEvent {
  if (event.kind !== "quotaAsked" || event.change.kind !== "update") return event;
  const configs = event.change.configs.map((config) => ({ ...config, limits: { cpus: { value: 40 } } }));
  return { ...event, change: { ...event.change, configs } };
}

function forgettingResources({ writes, effects }: Outcome<AgentEffect>): Outcome<AgentEffect> {
  return { writes: writes.filter(({ key }) => key !== "resources/remembered"), effects };
}

function forgettingUpdates() {
  const keyOf = new Map<string, string>();
  return ({ writes, effects }: Outcome<AgentEffect>): Outcome<AgentEffect> => {
    for (const write of writes) {
      if (write.kind !== "put" || !write.key.startsWith("updates/") || !isJsonObject(write.value)) continue;
      const { status } = write.value;
      if (status !== undefined && isJsonObject(status)) keyOf.set(String(status["uuid"]), write.key);
    }
    const forgotten = effects.flatMap((effect): readonly Write[] => {
      if (effect.kind !== "sendFrame" || effect.message.kind !== "statusUpdate") return [];
      const key = keyOf.get(effect.message.status.uuid ?? "");
      return key === undefined ? [] : [{ kind: "delete", key }];
    });
    return { writes: [...writes, ...forgotten], effects };
  };
}

/** What a request says of dependencies never gets in. */
function ignoringDependencies(core: ServicesCore): ServicesCore {
  const without = (tree: GroupTree): GroupTree => ({
    ...tree,
    dependencies: [],
    apps: (tree.apps ?? []).map((app) => ({ ...app, dependencies: [] })),
    groups: (tree.groups ?? []).map(without),
  });
  const event = (told: ServicesEvent): ServicesEvent =>
    told.kind === "changeGroup" && told.change.kind === "define"
      ? { ...told, change: { ...told.change, tree: without(told.change.tree) } }
      : told;
  return { ...core, ...changed(core, { event }) };
}

/** Every offer looks like one to the role of the framework. */
function confusingRoles(core: ServicesCore): ServicesCore {
  const event = (told: ServicesEvent): ServicesEvent =>
    told.kind === "offersReceived"
      ? {
          ...told,
          offers: told.offers.map((offer) => ({ ...offer, allocation_info: { role: "services" } })),
        }
      : told;
  return { ...core, ...changed(core, { event }) };
}

function forgettingReleases(core: ServicesCore): ServicesCore {
  const isKept = ({ key }: Write): boolean => !key.startsWith("releases/");
  const outcome = ({ writes, effects }: Outcome<ServicesEffect>): Outcome<ServicesEffect> => ({
    writes: writes.filter(isKept),
    effects,
  });
  return { ...core, ...changed(core, { outcome }) };
}

/** It takes every minimum for 0 and says, when asked, that it is what the user wished for. */
function hidingRestarts(core: ServicesCore): ServicesCore {
  const hidden = (effect: ServicesEffect): ServicesEffect => {
    if (effect.kind !== "reply" || effect.result.kind !== "applied") return effect;
    const { plan } = effect.result;
    const services = plan.services.map((service) => ({ ...service, restarts: 0 }));
    return { ...effect, result: { ...effect.result, plan: { ...plan, services } } };
  };
  const changedCore = changed(core, {
    outcome: (outcome) => ({ ...outcome, effects: outcome.effects.map(hidden) }),
  });
  return { ...changedCore, queries: core.queries, own: core.own };
}

function ignoringMinimum(core: ServicesCore): ServicesCore {
  const { queries } = core;
  const wished = { minimumHealthCapacity: 1, maximumOverCapacity: 1 };
  const changedCore = changed(core, {
    event: (event: ServicesEvent) =>
      event.kind !== "changeApps"
        ? event
        : {
            ...event,
            upserts: event.upserts.map((upsert) => ({
              ...upsert,
              definition: {
                ...upsert.definition,
                upgradeStrategy: { ...wished, minimumHealthCapacity: 0 },
              },
            })),
          },
  });
  const app: typeof queries.app = (id) => {
    const view = queries.app(id);
    return view && { ...view, definition: { ...view.definition, upgradeStrategy: wished } };
  };
  const lying = new Proxy(queries, {
    get: (target, name) => {
      if (name === "app") return app;
      const value: unknown = Reflect.get(target, name);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
  return { ...changedCore, queries: lying, own: core.own };
}

function withoutStanding(records: ReadonlyMap<string, JsonValue>): ReadonlyMap<string, JsonValue> {
  return new Map(
    [...records].map(([key, value]) => {
      if (!key.startsWith("agents/") || !isJsonObject(value)) return [key, value];
      const { standing: _standing, ...rest } = value;
      return [key, rest];
    }),
  );
}
