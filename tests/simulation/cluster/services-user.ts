/**
 * Services in the cluster, and a user who creates an app, changes, scales and restarts it while everything
 * breaks, asking again until each wish was taken.
 */
import {
  createServicesCore,
  defaultServicesPolicy,
  type ServicesCore,
} from "#frameworks/services/core/index.ts";
import type { AppDefinition } from "#frameworks/services/definitions/app.ts";
import { type Boot, type SimNetwork, SimNode, type World } from "../engine/index.ts";
import { type ServicesProcess, servicesProgram } from "./services-program.ts";
import { UpdateWitness } from "./update-witness.ts";

export const servicesName = "services";
/** What each of the app's tasks takes. */
export const servicesTask = { cpus: 0.5, memMib: 128 };

const appId = "/web";
const askAgainMs = 2_000;

/** One wish: the app as it shall be, some time after the start. */
interface Wish {
  readonly atMs: number;
  readonly cmd: string;
  readonly instances: number;
}

const wishes: readonly Wish[] = [
  { atMs: 1_000, cmd: "serve one", instances: 4 },
  { atMs: 25_000, cmd: "serve two", instances: 4 },
  { atMs: 60_000, cmd: "serve two", instances: 7 },
  { atMs: 90_000, cmd: "serve three", instances: 5 },
];

type ServicesNode = SimNode<ServicesProcess["event"], ServicesProcess["effect"]>;

export class ServicesUser {
  readonly node: ServicesNode;
  readonly witness = new UpdateWitness(servicesName);
  readonly #world: World;
  #core: ServicesCore | undefined;
  #lastRequest = 0;
  #wish = 0;
  #isTaken = false;

  constructor(world: World, network: SimNetwork, masterName: string) {
    this.#world = world;
    this.node = new SimNode(network, servicesName, (boot: Boot<ServicesProcess["event"]>) => {
      const records = [...boot.records].map(([key, value]) => ({ key, value }));
      const policy = { ...defaultServicesPolicy, role: "services" };
      const core = createServicesCore({ records, random: boot.random, policy });
      this.#core = core;
      return servicesProgram(boot, core, {
        masterName,
        witness: this.witness,
        isHealthy: () => true,
        onReply: ({ request, result }) => {
          if (request === this.#lastRequest && result.kind === "deployed") this.#isTaken = true;
        },
      });
    });
  }

  drive(): void {
    for (const [index, { atMs }] of wishes.entries()) {
      this.#world.schedule(atMs, () => {
        this.#wish = index;
        this.#isTaken = false;
        this.#ask(index);
      });
    }
  }

  /** Tasks that services believes in. */
  taskIds(): readonly string[] {
    return this.#core?.queries.allTasks().map(({ id }) => id) ?? [];
  }

  missing(): readonly string[] {
    const queries = this.#core?.queries;
    const app = queries?.app(appId);
    const wish = wishes[this.#wish];
    if (!this.node.isUp || queries === undefined || app === undefined || wish === undefined) {
      return [`${servicesName} is down or has no app`];
    }
    const deployments = queries.deployments();
    if (!this.#isTaken) return [`the wish for "${wish.cmd}" was not taken`];
    if (deployments.length > 0) return [`${deployments.length} deployments go on`];
    if (app.definition.cmd !== wish.cmd) return [`the app is "${app.definition.cmd}", not "${wish.cmd}"`];
    const isThere = app.tasksRunning === wish.instances && app.tasks().length === wish.instances;
    return isThere ? [] : [`${app.tasksRunning} of ${wish.instances} instances run`];
  }

  /** Forced, so that a deployment under way gives way to the newer wish. */
  #ask(index: number): void {
    const wish = wishes[index];
    if (index !== this.#wish || this.#isTaken || wish === undefined) return;
    this.#lastRequest += 1;
    this.node.dispatch({
      of: "second",
      it: {
        kind: "changeApps",
        request: this.#lastRequest,
        upserts: [{ definition: appAs(wish), expect: "any" }],
        removals: [],
        force: true,
      },
    });
    this.#world.schedule(askAgainMs, () => this.#ask(index));
  }
}

function appAs({ cmd, instances }: Wish): AppDefinition {
  return {
    id: appId,
    cmd,
    env: {},
    instances,
    cpus: servicesTask.cpus,
    mem: servicesTask.memMib,
    disk: 0,
    gpus: 0,
    executor: "",
    constraints: [],
    fetch: [],
    networks: [{ mode: "host" }],
    portDefinitions: [{ port: 0, protocol: "tcp", name: "default", labels: {} }],
    requirePorts: false,
    healthChecks: [],
    backoffSeconds: 1,
    backoffFactor: 1.15,
    maxLaunchDelaySeconds: 300,
    upgradeStrategy: { minimumHealthCapacity: 1, maximumOverCapacity: 1 },
    dependencies: [],
    labels: {},
    killSelection: "YOUNGEST_FIRST",
    unreachableStrategy: { inactiveAfterSeconds: 0, expungeAfterSeconds: 0 },
    role: "services",
  };
}
