/** What master and agents answer beyond Mesos' own API. */

import { defineEndpoint } from "../endpoint.ts";
import { pageOf, pageQuery } from "../paging.ts";
import { type Static, Type } from "../schema.ts";

const None = Type.Object({});

/** What keeps tasks on this agent apart. */
export const showIsolation = defineEndpoint({
  method: "GET",
  path: "/isolation",
  summary: "What is enforced between tasks on this agent",
  params: None,
  query: None,
  reply: Type.Object({
    driver: Type.String(),
    cgroups: Type.Union([Type.Literal("v1"), Type.Literal("v2"), Type.Literal("none")]),
    controllers: Type.Array(Type.String()),
    switchUser: Type.Boolean(),
    note: Type.String(),
  }),
  errors: [],
  permission: { resource: "agent", action: "view" },
});

export const Quantities = Type.Object({
  cpus: Type.Number(),
  /** MiB */
  mem: Type.Number(),
  /** MiB */
  disk: Type.Number(),
  gpus: Type.Number(),
});

export const NodeItem = Type.Object({
  id: Type.String(),
  hostname: Type.String(),
  /** `http://host:port` of the agent. */
  url: Type.String(),
  state: Type.Enum(["active", "disconnected", "unreachable"]),
  /** What operators decided about it. */
  standing: Type.Enum(["inService", "deactivated", "draining", "drained", "gone"]),
  /** Of a draining or drained one. */
  drain: Type.Optional(
    Type.Object({
      since: Type.Integer(),
      maxGraceMs: Type.Optional(Type.Integer()),
      markGone: Type.Boolean(),
    }),
  ),
  isPublic: Type.Boolean(),
  attributes: Type.Record(Type.String(), Type.String()),
  region: Type.Optional(Type.String()),
  zone: Type.Optional(Type.String()),
  total: Quantities,
  used: Quantities,
  offered: Quantities,
  tasks: Type.Integer(),
  registeredAt: Type.Integer(),
  version: Type.String(),
});
export type NodeItem = Static<typeof NodeItem>;

export const listNodes = defineEndpoint({
  method: "GET",
  path: "/nodes",
  summary: "Agents with what they have, what is used and what runs there",
  params: None,
  query: Type.Object({ ...pageQuery }),
  reply: pageOf(NodeItem),
  errors: ["Invalid"],
  permission: { resource: "agent", action: "view" },
});

export const TaskItem = Type.Object({
  id: Type.String(),
  name: Type.String(),
  frameworkId: Type.String(),
  frameworkName: Type.String(),
  executorId: Type.String(),
  agentId: Type.String(),
  hostname: Type.String(),
  /** TASK_RUNNING and so on. */
  state: Type.String(),
  isEnded: Type.Boolean(),
  healthy: Type.Optional(Type.Boolean()),
  cpus: Type.Number(),
  mem: Type.Number(),
  disk: Type.Number(),
  gpus: Type.Number(),
  /** ms UTC of its first TASK_RUNNING. */
  startedAt: Type.Optional(Type.Integer()),
  /** ms UTC of its last status. */
  updatedAt: Type.Optional(Type.Integer()),
  message: Type.Optional(Type.String()),
});
export type TaskItem = Static<typeof TaskItem>;

export const listTasks = defineEndpoint({
  method: "GET",
  path: "/tasks",
  summary: "Tasks of all frameworks, a window of a filtered and sorted list",
  params: None,
  query: Type.Object({
    ...pageQuery,
    node: Type.Optional(Type.String()),
    framework: Type.Optional(Type.String()),
    /** Ended ones too. */
    ended: Type.Optional(Type.Boolean()),
  }),
  reply: pageOf(TaskItem),
  errors: ["Invalid"],
  permission: { resource: "task", action: "view" },
});

/** Sums over the cluster, for the dashboard and `top`. */
export const showCapacity = defineEndpoint({
  method: "GET",
  path: "/capacity",
  summary: "What the cluster has, what is used and offered, and how many things there are",
  params: None,
  query: None,
  reply: Type.Object({
    clusterName: Type.String(),
    total: Quantities,
    used: Quantities,
    offered: Quantities,
    nodes: Type.Object({ active: Type.Integer(), disconnected: Type.Integer(), unreachable: Type.Integer() }),
    frameworks: Type.Integer(),
    tasks: Type.Record(Type.String(), Type.Integer()),
  }),
  errors: [],
  permission: { resource: "agent", action: "view" },
});

/** A task the agent runs, or ran and still has evidence of. */
export const TaskEvidence = Type.Object({
  id: Type.String(),
  frameworkId: Type.String(),
  executorId: Type.String(),
  containerId: Type.String(),
  /** Sandbox, as the files API takes it. */
  directory: Type.String(),
  state: Type.String(),
  isEnded: Type.Boolean(),
  startedAt: Type.Optional(Type.Integer()),
  endedAt: Type.Optional(Type.Integer()),
  exitCode: Type.Optional(Type.Integer()),
  signal: Type.Optional(Type.String()),
  isOutOfMemory: Type.Boolean(),
  message: Type.Optional(Type.String()),
  /** Whether its files are still there; if not, when they went (ms UTC). */
  filesRemovedAt: Type.Optional(Type.Integer()),
});
export type TaskEvidence = Static<typeof TaskEvidence>;

export const listEvidence = defineEndpoint({
  method: "GET",
  path: "/evidence",
  summary: "Tasks of this agent, those that ended too, with cause and whether their files are still there",
  params: None,
  query: Type.Object({ ...pageQuery, task: Type.Optional(Type.String()) }),
  reply: Type.Intersect([
    pageOf(TaskEvidence),
    /** What is kept at most, and what is used of it. */
    Type.Object({ budgetBytes: Type.Integer(), usedBytes: Type.Integer(), keepMs: Type.Integer() }),
  ]),
  errors: [],
  permission: { resource: "task", action: "view" },
});

/** A task whose image its agent is bringing. */
export const ImagePullItem = Type.Object({
  taskId: Type.String(),
  frameworkId: Type.String(),
  /** Its own, or its executor's. */
  containerId: Type.String(),
  image: Type.String(),
  /** `waiting`: images of others are pulled first. */
  phase: Type.Enum(["waiting", "fetching", "unpacking"]),
  doneBytes: Type.Integer(),
  /** Absent when the registry does not tell. */
  totalBytes: Type.Optional(Type.Integer()),
});
export type ImagePullItem = Static<typeof ImagePullItem>;

export const listImagePulls = defineEndpoint({
  method: "GET",
  path: "/image-pulls",
  summary:
    "Tasks of this agent that wait for their image, and how much of it is there; counted at most every two seconds",
  params: None,
  query: Type.Object({ ...pageQuery, framework: Type.Optional(Type.String()) }),
  reply: pageOf(ImagePullItem),
  errors: ["Invalid"],
  permission: { resource: "task", action: "view" },
});

export const TaskUsage = Type.Object({
  taskId: Type.String(),
  frameworkId: Type.String(),
  /** Cores in use over the last seconds. */
  cpus: Type.Number(),
  /** Seconds of CPU since its start. */
  cpuSeconds: Type.Number(),
  memBytes: Type.Integer(),
  processes: Type.Integer(),
  cpusLimit: Type.Number(),
  memLimitBytes: Type.Integer(),
});
export type TaskUsage = Static<typeof TaskUsage>;

export const showUsage = defineEndpoint({
  method: "GET",
  path: "/usage",
  summary: "What this machine and each task of this agent use now",
  params: None,
  query: None,
  reply: Type.Object({
    at: Type.Integer(),
    cpus: Type.Number(),
    cpusTotal: Type.Number(),
    memUsedBytes: Type.Integer(),
    memTotalBytes: Type.Integer(),
    diskUsedBytes: Type.Integer(),
    diskTotalBytes: Type.Integer(),
    load1: Type.Number(),
    tasks: Type.Array(TaskUsage),
  }),
  errors: [],
  permission: { resource: "agent", action: "view" },
});
