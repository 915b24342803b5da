/**
 * A soak of the real master core: 2,000 light agents and 50 frameworks that churn, with random faults, under virtual time,
 * for as long as it is told on the real clock.
 *
 *   node tests/soak/main.ts [--minutes 10] [--agents 2000] [--frameworks 50] [--seed 1]
 *
 * It fails when an invariant of the core doesn't hold, when memory grows, when the framework whose turn it is, while there
 * is room, is offered nothing for longer than three allocation intervals, and when a busy machine left it too little time
 * to say anything of memory.
 */
import { parseArgs } from "node:util";
import type { SchedulerCall } from "#contracts/kernel/messages.gen.ts";
import type { AgentToMaster } from "#contracts/link/messages.ts";
import { seededRandom } from "#foundation/base/random.ts";
import type { MasterEffect, MasterEvent } from "../../src/kernel/master/core/index.ts";
import { heapMib, newMaster } from "../bench/kernel-cores.ts";
import { SoakAgent } from "./soak-agent.ts";
import { SoakFramework } from "./soak-framework.ts";

const { values } = parseArgs({
  options: {
    minutes: { type: "string", default: "10" },
    agents: { type: "string", default: "2000" },
    frameworks: { type: "string", default: "50" },
    seed: { type: "string", default: "1" },
  },
});

const stepMs = 100;
const checkEveryMs = 5_000;
const heapEveryMs = 15_000;
const warmMs = 60_000;
const heapLooksMin = 6;
/** Of the default policy, as three times its allocation interval. */
const starvingMsMax = 3_000;
const roles = 10;
/** As many as its cpus are enough for. */
const tasksOfAgent = 8;

const random = seededRandom(Number(values.seed));
const core = newMaster();
const agents = Array.from({ length: Number(values.agents) }, (_, index) => new SoakAgent(index, random));
const frameworks = Array.from(
  { length: Number(values.frameworks) },
  (_, index) => new SoakFramework(`f${index}`, `role${index % roles}`, random),
);
const agentByConnection = new Map<string, SoakAgent>();
const frameworkByConnection = new Map<string, SoakFramework>();
let now = 0;
let steps = 0;
let longestStarvingMs = 0;
const heaps: number[] = [];
const problems: string[] = [];

type Due = () => void;
/** What follows from what was done: after it, not inside of it. */
let queue: Due[] = [];

function drain(): void {
  while (queue.length > 0) {
    const round = queue;
    queue = [];
    for (const due of round) due();
  }
}

function apply(event: MasterEvent): void {
  queue.push(() => does(core.apply(event, now).effects));
  drain();
}

function does(effects: readonly MasterEffect[]): void {
  steps += 1;
  for (const effect of effects) {
    if (effect.kind === "sendEvent") {
      const framework = frameworkByConnection.get(effect.connection);
      if (framework?.connection === effect.connection)
        for (const call of framework.hear(effect.event, now)) queue.push(() => calls(framework, call));
    } else if (effect.kind === "sendToAgent") {
      const agent = agentByConnection.get(effect.connection);
      if (agent?.connection === effect.connection && agent.frozenUntil <= now)
        for (const said of agent.hear(effect.message, now)) queue.push(() => says(agent, said));
    } else if (effect.kind === "closeLink") {
      const agent = agentByConnection.get(effect.connection);
      if (agent?.connection === effect.connection) agent.connection = undefined;
    } else if (effect.kind === "closeStream") {
      const framework = frameworkByConnection.get(effect.connection);
      if (framework?.connection === effect.connection) framework.disconnected();
    }
  }
}

function calls(framework: SoakFramework, call: SchedulerCall): void {
  const { id: frameworkId, connection } = framework;
  if (frameworkId === undefined || connection === undefined) return;
  does(core.apply({ kind: "schedulerCalled", frameworkId, call }, now).effects);
}

function says(agent: SoakAgent, message: AgentToMaster): void {
  if (agent.connection === undefined) return;
  does(core.apply({ kind: "agentSaid", connection: agent.connection, message }, now).effects);
}

function connectAgent(agent: SoakAgent): void {
  const message = agent.connect();
  const connection = agent.connection ?? "";
  agentByConnection.set(connection, agent);
  apply({ kind: "agentConnected", connection, address: "10.0.0.1" });
  apply({ kind: "agentSaid", connection, message });
}

function breakLink(agent: SoakAgent): void {
  const { connection } = agent;
  if (connection === undefined) return;
  agent.connection = undefined;
  agentByConnection.delete(connection);
  apply({ kind: "agentDisconnected", connection });
}

function subscribe(framework: SoakFramework): void {
  const { connection, info, id } = framework.subscribe(now);
  frameworkByConnection.set(connection, framework);
  apply({
    kind: "schedulerSubscribed",
    connection,
    subscribe: { framework_info: info as never },
    ...(id === undefined ? {} : { frameworkId: id }),
  });
}

function breakStream(framework: SoakFramework): void {
  const { connection } = framework;
  if (connection === undefined) return;
  framework.disconnected();
  frameworkByConnection.delete(connection);
  apply({ kind: "schedulerDisconnected", connection });
}

const one = <Item>(items: readonly Item[]): Item => items[random.below(items.length)] as Item;

/** About one fault of each kind a second of virtual time. */
function faults(): void {
  if (random.below(10) === 0) breakLink(one(agents));
  if (random.below(20) === 0) one(agents).frozenUntil = now + random.below(120_000);
  if (random.below(40) === 0) breakStream(one(frameworks));
  if (random.below(600) === 0) {
    const framework = one(frameworks);
    if (framework.id !== undefined && framework.connection !== undefined) {
      const { connection } = framework;
      calls(framework, { type: "TEARDOWN" });
      drain();
      frameworkByConnection.delete(connection);
      framework.forget();
    }
  }
  if (random.below(10) === 0) one(frameworks).changeMind();
}

function step(): void {
  now += stepMs;
  faults();
  for (const agent of agents) {
    if (agent.frozenUntil > now) continue;
    if (agent.connection === undefined) {
      if (random.below(20) === 0) connectAgent(agent);
      continue;
    }
    for (const message of agent.tick(now))
      apply({ kind: "agentSaid", connection: agent.connection, message });
  }
  for (const framework of frameworks) {
    if (framework.connection === undefined) {
      if (random.below(20) === 0) subscribe(framework);
      continue;
    }
    for (const call of framework.think(now)) queue.push(() => calls(framework, call));
  }
  drain();
  for (let due = core.wakeAt(); due !== undefined && due <= now; due = core.wakeAt()) {
    does(core.wake(now).effects);
    drain();
  }
}

let neediest: { readonly framework: SoakFramework; readonly since: number } | undefined;

/**
 * The framework whose turn it is, of the role that has least and in it the one that has least, must be offered what a task
 * needs while there is room for one.
 */
function starving(): void {
  const asking = frameworks.filter(({ starvingSince }) => starvingSince !== undefined);
  const live = [...core.state.agents.values()].filter(({ connection }) => connection !== undefined);
  const room = live.some(
    ({ tasks, offers }) =>
      offers.size === 0 && [...tasks].filter(({ isReleased }) => !isReleased).length < tasksOfAgent,
  );
  const used = (role: string): number =>
    frameworks.reduce((sum, each) => sum + (each.role === role ? each.running.size : 0), 0);
  const [first] = asking
    .map((framework) => ({ framework, ofRole: used(framework.role) }))
    .sort(
      (one, other) => one.ofRole - other.ofRole || one.framework.running.size - other.framework.running.size,
    );
  if (!room || first === undefined) {
    neediest = undefined;
    return;
  }
  const { framework } = first;
  if (neediest?.framework !== framework) neediest = { framework, since: now };
  const forMs = now - Math.max(neediest.since, framework.starvingSince ?? now);
  longestStarvingMs = Math.max(longestStarvingMs, forMs);
  if (forMs > starvingMsMax)
    problems.push(
      `${framework.name} has least, wants more, and was offered nothing for ${forMs} ms at ${now} ms`,
    );
}

const endsAt = Date.now() + Number(values.minutes) * 60_000;
const startedCpu = process.cpuUsage();
let heapDueAt = warmMs;
while (Date.now() < endsAt && problems.length === 0) {
  step();
  starving();
  if (now % checkEveryMs === 0) problems.push(...core.check());
  if (now >= heapDueAt) {
    heaps.push(heapMib());
    heapDueAt += heapEveryMs;
  }
}
const third = Math.max(1, Math.floor(heaps.length / 3));
const mean = (numbers: readonly number[]): number =>
  numbers.reduce((sum, each) => sum + each, 0) / numbers.length;
const [early, late] = [mean(heaps.slice(0, third)), mean(heaps.slice(-third))];
// What is alive goes up and down with what frameworks want; what leaks only goes up.
if (heaps.length < heapLooksMin)
  problems.push(
    `${now / 1000} virtual seconds are too few to judge memory by: it was looked at ${heaps.length} times`,
  );
else if (late > early * 1.25) problems.push(`the heap grew from ${early} to ${late} MiB`);
const { user, system } = process.cpuUsage(startedCpu);
console.log(
  JSON.stringify({
    virtualSeconds: now / 1000,
    cpuSeconds: Math.round((user + system) / 1e6),
    steps,
    microsecondsAStep: Math.round((user + system) / steps),
    agents: core.state.agents.size,
    tasks: agents.reduce((sum, { tasks }) => sum + tasks, 0),
    longestStarvingMs,
    heapMib: { early: Math.round(early), late: Math.round(late), samples: heaps.length },
    problems: problems.slice(0, 5),
  }),
);
process.exit(problems.length === 0 ? 0 : 1);
