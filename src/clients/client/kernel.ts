/** The kernel's reads that people's tools need: agents, tasks, and the files of a task. */
import type { ReplyOf } from "#contracts/endpoint.ts";
import { explainFramework, showIsolation } from "#contracts/kernel/own-endpoints.ts";
import { callEndpoint, createHttpClient, type HttpClient } from "#foundation/http/index.ts";
import { type ClusterAddresses, request } from "./cluster.ts";

/** As in the v0 `/slaves`: one agent. */
export interface AgentSummary {
  readonly id: string;
  readonly hostname: string;
  readonly pid: string;
  readonly active: boolean;
  readonly version: string;
  readonly attributes: Readonly<Record<string, unknown>>;
  readonly resources: ResourceSummary;
  readonly used_resources: ResourceSummary;
}

export interface ResourceSummary {
  readonly cpus: number;
  readonly mem: number;
  readonly disk: number;
  readonly gpus: number;
  readonly ports?: string;
}

/** As in the v0 `/tasks`: one task. */
export interface TaskSummary {
  readonly id: string;
  readonly name: string;
  readonly framework_id: string;
  readonly slave_id: string;
  readonly executor_id: string;
  readonly state: string;
  readonly resources: ResourceSummary;
  readonly statuses: readonly {
    readonly state: string;
    readonly timestamp: number;
    readonly message?: string;
  }[];
}

/** What keeps tasks apart on an agent. Throws what the request threw. */
export async function isolationOf(
  cluster: ClusterAddresses,
  agent: AgentSummary,
): Promise<ReplyOf<typeof showIsolation>> {
  return withClient((client) =>
    callEndpoint(client, { url: cluster.agent(agent.id, agent.pid), token: cluster.token }, showIsolation),
  );
}

/** Why a framework is, or is not, offered resources. */
export async function explainOffers(
  cluster: ClusterAddresses,
  frameworkId: string,
): Promise<ReplyOf<typeof explainFramework>> {
  return withClient((client) =>
    callEndpoint(client, { url: cluster.kernel, token: cluster.token }, explainFramework, {
      params: { id: frameworkId },
    }),
  );
}

async function withClient<Result>(use: (client: HttpClient) => Promise<Result>): Promise<Result> {
  const client = createHttpClient();
  try {
    return await use(client);
  } finally {
    await client.close();
  }
}

/** Tasks asked for at once; the newest come first. */
const tasksMax = 10_000;

export async function listAgents(cluster: ClusterAddresses): Promise<readonly AgentSummary[]> {
  const { body } = await request(cluster, `${cluster.kernel}/slaves`);
  return (body as { readonly slaves: readonly AgentSummary[] }).slaves;
}

export async function listTasks(cluster: ClusterAddresses): Promise<readonly TaskSummary[]> {
  const { body } = await request(cluster, `${cluster.kernel}/tasks?limit=${tasksMax}&order=des`);
  return (body as { readonly tasks: readonly TaskSummary[] }).tasks;
}

export interface FileEntry {
  readonly path: string;
  readonly size: number;
  readonly mode: string;
  readonly mtime: number;
  readonly uid: string;
}

/** One task's sandbox, over its agent's files API. */
export interface Sandbox {
  list(folder: string): Promise<readonly FileEntry[]>;
  /** Size of a file in bytes. */
  size(file: string): Promise<number>;
  /** Up to 64 KiB from `offset`; shorter at the end of the file. */
  read(file: string, offset: number): Promise<{ readonly data: string; readonly offset: number }>;
}

export function sandboxOf(
  cluster: ClusterAddresses,
  agents: readonly AgentSummary[],
  task: TaskSummary,
): Sandbox | undefined {
  const agent = agents.find(({ id }) => id === task.slave_id);
  if (agent === undefined) return undefined;
  const base = cluster.agent(agent.id, agent.pid);
  const executor = task.executor_id === "" ? task.id : task.executor_id;
  const root = `/frameworks/${task.framework_id}/executors/${executor}/runs/latest`;
  const ask = async (route: string, query: Record<string, string>): Promise<unknown> => {
    const { body } = await request(cluster, `${base}/files/${route}?${new URLSearchParams(query)}`);
    return body;
  };
  const read = (file: string, offset: number): Promise<{ readonly data: string; readonly offset: number }> =>
    ask("read", { path: `${root}/${file}`, offset: String(offset) }) as Promise<{
      data: string;
      offset: number;
    }>;
  return {
    list: (folder) =>
      ask("browse", { path: `${root}/${folder}`.replace(/\/+$/, "") }) as Promise<readonly FileEntry[]>,
    size: async (file) => (await read(file, -1)).offset,
    read,
  };
}
