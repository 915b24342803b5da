/** Services that are stuck, in worlds that no real cluster can be brought into at will, and what is to be said first. */
import type { Offer } from "#contracts/kernel/messages.gen.ts";
import type { ReasonCode } from "#contracts/services/reasons.ts";
import type { GroupTree } from "#domain/definitions/group.ts";
import type { KnownNode, KnownNodes } from "#frameworks/base/core/known-nodes.ts";
import { anOffer, aStatus } from "#frameworks/base/core/testing/offers.ts";
import { anApp } from "./builders.ts";
import { aDisk, aNode, aPod, aResident, ended, offered, put } from "./stuck-worlds.ts";
import { World } from "./world.ts";

export interface StuckState {
  readonly name: string;
  readonly world: () => World;
  readonly nodes?: readonly KnownNode[];
  /** What else the master says. */
  readonly known?: Partial<KnownNodes>;
  /** Of `/web` unless it says otherwise. */
  readonly asked?: string;
  readonly code: ReasonCode;
  readonly parameters?: Readonly<Record<string, unknown>>;
}

export const stuckStates: readonly StuckState[] = [
  {
    name: "the kernel is away",
    world: () => {
      const world = World.started();
      world.master.disconnect();
      world.drain();
      put(world, anApp());
      return world;
    },
    code: "kernelUnreachable",
  },
  { name: "no agent is connected", world: () => offered(anApp()), nodes: [], code: "noAgents" },
  {
    name: "every agent has left",
    world: () => offered(anApp()),
    nodes: [aNode({ isActive: false })],
    code: "noAgents",
  },
  {
    name: "the only node is being drained",
    world: () => offered(anApp()),
    nodes: [{ ...aNode({ isActive: false }), setAside: "draining" }],
    code: "nodesSetAside",
    parameters: { nodes: 1 },
  },
  {
    name: "one node is set aside and the other is too small",
    world: () => offered(anApp({ cpus: 9 })),
    nodes: [aNode(), { ...aNode({ id: "agent-2", isActive: false }), setAside: "deactivated" }],
    code: "largerThanAnyNode",
  },
  {
    name: "every machine is down for maintenance",
    world: () => offered(anApp()),
    nodes: [],
    known: { downHosts: ["agent-1.example"] },
    code: "nodesSetAside",
    parameters: { nodes: 1 },
  },
  {
    name: "the only node that has offered nothing is under maintenance",
    world: () => offered(anApp()),
    nodes: [{ ...aNode(), maintenance: { startsAt: 0 } }],
    code: "nodesSetAside",
    parameters: { nodes: 1 },
  },
  {
    name: "maintenance of the only node is over, and of another time",
    world: () => offered(anApp()),
    nodes: [
      { ...aNode(), maintenance: { startsAt: 0, endsAt: 10 } },
      { ...aNode({ id: "agent-2" }), maintenance: { startsAt: 8e15 } },
    ],
    code: "noOffersYet",
  },
  {
    name: "the role has used up its quota, and nothing is offered to it any more",
    world: () => offered(anApp()),
    nodes: [aNode()],
    known: { limits: new Map([["*", { limit: { cpus: 4_000 }, consumed: { cpus: 4_000 } }]]) },
    code: "quotaLimited",
    parameters: { role: "*", resource: "cpus", limit: 4, consumed: 4, wanted: 1, count: 1 },
  },
  {
    name: "the quota leaves less than an instance wants, as an offer shows",
    world: () => offered(anApp({ cpus: 2 }), anOffer({ cpus: 1 })),
    nodes: [aNode()],
    known: { limits: new Map([["*", { limit: { cpus: 4_000 }, consumed: { cpus: 3_000 } }]]) },
    code: "quotaLimited",
  },
  {
    name: "more than any node has, whatever the quota says",
    world: () => offered(anApp({ cpus: 9 }), anOffer()),
    nodes: [aNode()],
    known: { limits: new Map([["*", { limit: { cpus: 4_000 }, consumed: { cpus: 4_000 } }]]) },
    code: "largerThanAnyNode",
  },
  {
    name: "a quota that leaves enough",
    world: () => offered(anApp({ cpus: 2 }), anOffer({ cpus: 1 })),
    nodes: [aNode({ free: { cpus: 1_000, mem: 8_192_000 } })],
    known: { limits: new Map([["*", { limit: { cpus: 6_000, gpus: 0 }, consumed: { cpus: 3_000 } }]]) },
    code: "insufficientResources",
  },
  {
    name: "one container of a pod is too big",
    world: () =>
      offered(
        aPod([
          { name: "small", cpus: 1 },
          { name: "huge", cpus: 20 },
        ]),
        anOffer(),
      ),
    nodes: [aNode()],
    code: "largerThanAnyNode",
    parameters: { resource: "cpus", wanted: 21.1, largest: 8, container: "huge" },
  },
  {
    name: "a port of a pod's endpoint is taken",
    world: () => offered(aPod([{ name: "one", cpus: 1, hostPort: 80 }]), anOffer()),
    nodes: [aNode()],
    code: "portsTaken",
    parameters: { ports: "80" },
  },
  { name: "nothing was offered yet", world: () => offered(anApp()), code: "noOffersYet" },
  {
    name: "a node that would do has not offered yet",
    world: () => offered(anApp()),
    nodes: [aNode()],
    code: "noOffersYet",
  },
  {
    name: "larger than any node",
    world: () => offered(anApp({ cpus: 9 }), anOffer({ cpus: 4 })),
    nodes: [aNode(), aNode({ id: "agent-2", total: { cpus: 4_000, mem: 1_000_000 } })],
    code: "largerThanAnyNode",
    parameters: { resource: "cpus", wanted: 9, largest: 8, host: "agent-1.example" },
  },
  {
    name: "a node is large enough and busy, and offered nothing",
    world: () => offered(anApp({ cpus: 6 })),
    nodes: [aNode({ free: { cpus: 5_000, mem: 8_192_000 } })],
    code: "insufficientResources",
    parameters: { resource: "cpus", wanted: 6, free: 5, missing: 1 },
  },
  {
    name: "too little memory everywhere, the nearest is named",
    world: () =>
      offered(
        anApp({ mem: 4_096 }),
        anOffer({ agentId: "a", mem: 1_024 }),
        anOffer({ id: "2", agentId: "b", mem: 4_000 }),
      ),
    code: "insufficientResources",
    parameters: { resource: "mem", wanted: 4_096, free: 4_000, missing: 96, host: "b.example" },
  },
  {
    name: "too little disk",
    world: () => offered(anApp({ disk: 20_000 }), anOffer()),
    code: "insufficientResources",
    parameters: { resource: "disk", missing: 10_000 },
  },
  {
    name: "a whole disk that no node has",
    world: () => offered(aResident({ type: "mount", size: 40, maxSize: 60 }), anOffer()),
    code: "disksMissing",
    parameters: { disks: "mount 40-60 MiB", nodes: 1 },
  },
  {
    name: "a disk that is too small, on a node that nothing was offered of",
    world: () => offered(aResident({ type: "path", size: 40, constraints: [["path", "LIKE", "/a"]] })),
    nodes: [{ ...aNode(), freeDisks: [aDisk("/a", 30), aDisk("/b", 50)] }],
    code: "disksMissing",
    parameters: { disks: "path 40 MiB path LIKE /a" },
  },
  { name: "GPUs on no node", world: () => offered(anApp({ gpus: 2 }), anOffer()), code: "gpusMissing" },
  {
    name: "an attribute that no node has",
    world: () =>
      offered(anApp({ constraints: [["rack", "CLUSTER", "r1"]] }), anOffer({ attributes: { rack: "r2" } })),
    code: "constraintNotSatisfiable",
    parameters: { constraint: "rack CLUSTER r1" },
  },
  {
    name: "the only node that meets the constraint is full",
    world: () =>
      offered(
        anApp({ cpus: 2, constraints: [["rack", "LIKE", "r1"]] }),
        anOffer({ agentId: "a", cpus: 1, attributes: { rack: "r1" } }),
        anOffer({ id: "2", agentId: "b", attributes: { rack: "r2" } }),
      ),
    code: "insufficientResources",
    parameters: { resource: "cpus", host: "a.example", nodes: 1 },
  },
  {
    name: "a node for each instance, and too few nodes",
    world: () => {
      const world = offered(anApp({ instances: 2, constraints: [["hostname", "UNIQUE"]] }), anOffer());
      world.apply({ kind: "offersReceived", offers: [anOffer({ id: "again" })] });
      return world;
    },
    code: "constraintUnsatisfied",
    parameters: { constraint: "hostname UNIQUE" },
  },
  {
    name: "a role that nobody offers",
    world: () => offered(anApp({ acceptedResourceRoles: ["special"] }), anOffer()),
    code: "roleMissing",
    parameters: { roles: "special" },
  },
  {
    name: "a port that is taken, of nodes that have not offered yet",
    world: () =>
      offered(anApp({ requirePorts: true, portDefinitions: [{ port: 80, protocol: "tcp" }] }), anOffer()),
    nodes: [aNode({ freePorts: { "*": [{ begin: 31_000, end: 32_000 }] }, id: "agent-9" })],
    code: "portsTaken",
    parameters: { ports: "80" },
  },
  {
    name: "a node with the port that has not offered yet",
    world: () => offered(anApp({ requirePorts: true, portDefinitions: [{ port: 80, protocol: "tcp" }] })),
    nodes: [aNode({ freePorts: { dev: [{ begin: 443, end: 443 }], "*": [{ begin: 80, end: 80 }] } })],
    code: "noOffersYet",
  },
  {
    name: "a port that is taken",
    world: () =>
      offered(anApp({ requirePorts: true, portDefinitions: [{ port: 80, protocol: "tcp" }] }), anOffer()),
    code: "portsTaken",
    parameters: { ports: "80" },
  },
  {
    name: "maintenance",
    world: () => {
      const start = { nanoseconds: 1_600_000_000_000_000_000 };
      return offered(anApp(), { ...anOffer(), unavailability: { start } } as unknown as Offer);
    },
    code: "nodesSetAside",
    parameters: { nodes: 1 },
  },
  {
    name: "maintenance that comes soon",
    world: () => {
      const world = World.started({ agents: 0, policy: { drainingMs: 60_000 } });
      put(world, anApp());
      world.pass(100);
      const unavailability = { start: { nanoseconds: (world.now + 30_000) * 1e6 } };
      world.apply({ kind: "offersReceived", offers: [{ ...anOffer(), unavailability }] });
      return world;
    },
    code: "nodesSetAside",
    parameters: { nodes: 1 },
  },
  {
    name: "more launches under way than are allowed",
    world: () => {
      const world = World.started({ policy: { launchTokens: 1 } });
      put(world, anApp({ instances: 3 }));
      world.pass(100);
      return world;
    },
    code: "waitsItsTurn",
  },
  {
    name: "its node can't be reached",
    world: () => {
      const world = World.started({ agents: 1 });
      put(world, anApp({ unreachableStrategy: "disabled" }));
      world.live(1_000);
      const [agent] = world.master.agents;
      if (agent !== undefined) world.master.loseAgent(agent);
      world.drain();
      return world;
    },
    code: "agentUnreachable",
    parameters: { host: "agent-1.example", count: 1, fate: "kept" },
  },
  {
    name: "its node can't be reached, and it was replaced: it waits to be forgotten",
    world: () => {
      const world = World.started({ agents: 2 });
      put(world, anApp({ unreachableStrategy: { inactiveAfterSeconds: 10, expungeAfterSeconds: 600 } }));
      world.live(1_000);
      const [task] = world.master.alive();
      const agent = world.master.agents.find(({ id }) => id === task?.agentId);
      if (agent !== undefined) world.master.loseAgent(agent);
      world.live(60_000, 5_000);
      return world;
    },
    code: "unreachableReplaced",
    parameters: { count: 1, seconds: 540 },
  },
  {
    name: "out of memory",
    world: () =>
      ended("TASK_FAILED", {
        reason: "REASON_CONTAINER_LIMITATION_MEMORY",
        message: "Memory limit exceeded: Requested: 32MB Maximum Used: 33MB\n\nMEMORY STATISTICS: \n",
      }),
    code: "outOfMemory",
    parameters: { limit: "32", used: "33" },
  },
  {
    name: "the agent dropped the launch",
    world: () => ended("TASK_DROPPED", { reason: "REASON_AGENT_RESTARTED", message: "the agent restarted" }),
    code: "launchRefused",
    parameters: { detail: "the agent restarted" },
  },
  {
    name: "the master called the task invalid",
    world: () => ended("TASK_ERROR", { reason: "REASON_TASK_INVALID", message: "task has no resources" }),
    code: "launchRefused",
  },
  {
    name: "its node was given up",
    world: () => ended("TASK_GONE", { message: "the agent is gone" }),
    code: "agentUnreachable",
  },
  {
    name: "ended by status 127 after a long life",
    world: () => {
      const world = World.started();
      put(world, anApp());
      world.live(60_000);
      const [task] = [...world.master.tasks.values()];
      if (task === undefined) throw new Error("nothing was launched");
      const fields = { agent_id: { value: task.agentId }, message: "Command exited with status 127" };
      world.apply({ kind: "statusReceived", status: aStatus(task.id, "TASK_FAILED", fields) });
      return world;
    },
    code: "exitedAtOnce",
    parameters: { status: 127 },
  },
  {
    name: "a dependency that does not come up",
    world: () => {
      const world = World.started();
      put(world, anApp({ id: "/db", cpus: 100 }), anApp({ dependencies: ["/db"] }));
      world.drain();
      return world;
    },
    code: "dependencyNotReady",
    parameters: { service: "/db" },
  },
  {
    name: "a group that it depends on does not come up",
    world: () => {
      const world = World.started();
      const tree: GroupTree = {
        id: "/",
        apps: [],
        groups: [
          { id: "/data", apps: [anApp({ id: "/data/db", cpus: 100 })] },
          { id: "/front", dependencies: ["/data"], apps: [anApp({ id: "/front/web" })] },
        ],
      };
      world.ask((request) => ({
        kind: "changeGroup",
        request,
        groupId: "/",
        change: { kind: "define", tree, expect: "any" },
        force: false,
        isDryRun: false,
      }));
      world.drain();
      return world;
    },
    asked: "/front/web",
    code: "dependencyNotReady",
    parameters: { service: "/data/db" },
  },
  {
    name: "a readiness check that never says yes",
    world: () => {
      const world = World.started();
      const readinessChecks = [
        {
          name: "ready",
          protocol: "HTTP" as const,
          path: "/",
          portName: "default",
          intervalSeconds: 5,
          timeoutSeconds: 1,
          httpStatusCodesForReady: [200],
          preserveLastResponse: false,
        },
      ];
      put(world, anApp({ readinessChecks }));
      world.live(1_000);
      for (const { key } of world.readiness.splice(0)) {
        world.apply({
          kind: "readinessAnswered",
          key,
          answer: { status: 503, contentType: "text/plain", body: "" },
        });
      }
      return world;
    },
    code: "notReady",
    parameters: { detail: "HTTP 503" },
  },
  { name: "no instances wished", world: () => offered(anApp({ instances: 0 })), code: "stopped" },
  {
    name: "as wished",
    world: () => {
      const world = World.started();
      put(world, anApp());
      world.live(20_000);
      return world;
    },
    code: "asWished",
  },
];
