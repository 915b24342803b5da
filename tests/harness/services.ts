/** What tests ask Services and the tasks it runs. */
import { readdirSync, readFileSync } from "node:fs";
import { ask, eventually, type TestCluster } from "./cluster.ts";

export interface AppTask {
  readonly id: string;
  readonly state: string;
  readonly ports: readonly number[];
  readonly host: string;
  readonly slaveId: string;
  readonly version: string;
}

export interface App {
  readonly id: string;
  readonly instances: number;
  readonly tasksRunning: number;
  readonly tasksHealthy: number;
  readonly tasks: readonly AppTask[];
  readonly deployments: readonly { readonly id: string }[];
  readonly version: string;
  readonly lastTaskFailure?: { readonly state: string; readonly message: string };
}

export async function createApp(cluster: TestCluster, definition: object): Promise<void> {
  const { status, body } = await ask(`${cluster.info.services.services}/v2/apps`, {
    method: "POST",
    body: definition,
  });
  if (status !== 201) throw new Error(`create answered ${status}: ${JSON.stringify(body)}`);
}

export async function getApp(cluster: TestCluster, id: string): Promise<App> {
  const { status, body } = await ask(`${cluster.info.services.services}/v2/apps${id}`);
  if (status !== 200) throw new Error(`${id} answered ${status}: ${JSON.stringify(body)}`);
  return (body as { readonly app: App }).app;
}

/** Waits until every wanted instance runs and no deployment is under way. */
export function settled(cluster: TestCluster, id: string, timeoutMs = 90_000): Promise<App> {
  return eventually(
    `${id} is as wished`,
    async () => {
      const app = await getApp(cluster, id);
      const running = app.tasks.filter(({ state }) => state === "TASK_RUNNING");
      return (
        app.deployments.length === 0 &&
        running.length === app.instances &&
        app.tasks.length === app.instances &&
        app
      );
    },
    timeoutMs,
  );
}

/** Processes of an app, of whichever task. */
export function pidsOfApp(appId: string): readonly number[] {
  return processes().filter((pid) => environmentOf(pid).includes(`MARATHON_APP_ID=${appId}`));
}

/** Processes of one task. */
export function pidsOfTask(taskId: string): readonly number[] {
  return processes().filter((pid) => environmentOf(pid).includes(`MESOS_TASK_ID=${taskId}`));
}

function processes(): readonly number[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map(Number);
}

function environmentOf(pid: number): readonly string[] {
  try {
    return readFileSync(`/proc/${pid}/environ`, "utf8").split("\0");
  } catch {
    return [];
  }
}
