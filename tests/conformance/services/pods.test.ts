/** Pods on a real cluster, row by row of the contract's checklist. */
import { chmodSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ask, eventually, startCluster, type TestCluster } from "../../harness/cluster.ts";
import { pidsOfTask } from "../../harness/services.ts";

let cluster: TestCluster;
beforeAll(async () => {
  cluster = await startCluster({ agents: 2 });
}, 240_000);
afterAll(() => cluster.purge());

type Json = { readonly [name: string]: unknown };

interface PodContainer {
  readonly name: string;
  readonly status: string;
  readonly containerId: string;
  readonly endpoints: readonly { readonly name: string; readonly allocatedHostPort?: number }[];
}

interface PodInstance {
  readonly id: string;
  readonly status: string;
  readonly agentId: string;
  readonly specReference: string;
  readonly containers: readonly PodContainer[];
}

interface PodStatus {
  readonly id: string;
  readonly status: string;
  readonly spec: Json & { readonly version: string };
  readonly instances: readonly PodInstance[];
  readonly terminationHistory: readonly Json[];
}

async function call(method: string, path: string, body?: unknown) {
  const answer = await ask(`${cluster.info.services.services}${path}`, {
    method,
    ...(body === undefined ? {} : { body }),
  });
  return { ...answer, body: answer.body as Json };
}

const resources = { cpus: 0.01, mem: 16 };
const sleeper = (name: string, changes: object = {}): object => ({
  name,
  exec: { command: { shell: "exec sleep 100000" } },
  resources,
  ...changes,
});
const fast = { scheduling: { backoff: { backoff: 0.1, backoffFactor: 1, maxLaunchDelay: 1 } } };

const statusOf = async (id: string): Promise<PodStatus> => {
  const { status, body } = await call("GET", `/v2/pods${id}::status`);
  if (status !== 200) throw new Error(`${id} answered ${status}: ${JSON.stringify(body)}`);
  return body as unknown as PodStatus;
};

/** Stable, with so many instances and no deployment under way. */
/** Longer than Services take to repeat a kill that was lost. */
const patienceMs = 60_000;

const stable = (id: string, instances = 1): Promise<PodStatus> =>
  eventually(
    `${id} is stable`,
    async () => {
      const found = await statusOf(id);
      const deployments = (await call("GET", "/v2/deployments")).body as unknown as readonly {
        readonly affectedPods: readonly string[];
      }[];
      return (
        found.status === "STABLE" &&
        found.instances.length === instances &&
        !deployments.some(({ affectedPods }) => affectedPods.includes(id)) &&
        found
      );
    },
    patienceMs,
  );

async function create(definition: object): Promise<Json> {
  const { status, body } = await call("POST", "/v2/pods", definition);
  if (status !== 201) throw new Error(`create answered ${status}: ${JSON.stringify(body)}`);
  return body;
}

const outputOf = async (taskId: string): Promise<string> =>
  (await cluster.cli("task", "log", taskId, "-n", "1000")).stdout;
const containerOf = ({ containers }: PodInstance, name: string): PodContainer => {
  const found = containers.find((container) => container.name === name);
  if (found === undefined) throw new Error(`no container ${name}`);
  return found;
};

describe("pods", () => {
  it("marathon.md§24#82 live from creation over scaling and an update to deletion", async () => {
    expect((await call("HEAD", "/v2/pods")).status).toBe(200);
    const created = await call("POST", "/v2/pods", { id: "/life", containers: [sleeper("a"), sleeper("b")] });
    expect(created.status).toBe(201);
    expect(created.headers.get("location")).toBe("/v2/pods/life");
    expect(created.headers.get("marathon-deployment-id")).toMatch(/^[0-9a-f-]{36}$/);
    expect(created.body).toMatchObject({ id: "/life", scaling: { kind: "fixed", instances: 1 } });
    const first = await stable("/life");
    expect(first.instances[0]?.containers.map(({ name, status }) => [name, status])).toEqual([
      ["a", "TASK_RUNNING"],
      ["b", "TASK_RUNNING"],
    ]);
    expect(await call("POST", "/v2/pods", { id: "/life", containers: [sleeper("a")] })).toMatchObject({
      status: 409,
      body: { message: "A pod with id [/life] already exists." },
    });

    const { body: shown } = await call("GET", "/v2/pods/life");
    const scaled = await call("PUT", "/v2/pods/life", { ...shown, scaling: { kind: "fixed", instances: 2 } });
    expect(scaled.status).toBe(200);
    const second = await stable("/life", 2);
    expect(second.instances.map(({ id }) => id)).toContain(first.instances[0]?.id);

    await call("PUT", "/v2/pods/life", {
      ...shown,
      environment: { GREETING: "hello" },
      scaling: { kind: "fixed", instances: 2 },
    });
    const third = await stable("/life", 2);
    const before = second.instances.map(({ id }) => id);
    expect(third.instances.filter(({ id }) => before.includes(id))).toEqual([]);
    expect(third.instances[0]?.specReference).toBe(`/v2/pods/life::versions/${third.spec.version}`);
    const { body: versions } = await call("GET", "/v2/pods/life::versions");
    expect(versions).toHaveLength(3);
    const oldest = (versions as unknown as readonly string[]).at(-1);
    expect((await call("GET", `/v2/pods/life::versions/${oldest}`)).body).toMatchObject({
      scaling: { instances: 1 },
    });
    expect((await call("GET", "/v2/pods/::status")).body).toMatchObject([{ id: "/life" }]);
    expect((await call("GET", "/v2/groups")).body).toMatchObject({ apps: [], pods: [{ id: "/life" }] });
    expect((await call("GET", "/v2/apps")).body).toEqual({ apps: [] });
    expect((await call("PUT", "/v2/pods/other", shown)).status).toBe(400);

    const removed = await call("DELETE", "/v2/pods/life");
    expect(removed.status).toBe(202);
    expect(removed.headers.get("location")).toBe(removed.headers.get("marathon-deployment-id"));
    await eventually("it is gone", async () => (await call("GET", "/v2/pods/life::status")).status === 404);
    expect((await call("GET", "/v2/pods/life")).body).toEqual({ message: "Pod '/life' does not exist" });
  });

  it("marathon.md§24#83 share network and volumes: containers talk by localhost and by file", async () => {
    await create({
      id: "/shared",
      containers: [
        {
          name: "server",
          exec: {
            command: {
              shell:
                "echo from-server > data/word; exec python3 -m http.server $ENDPOINT_WEB --directory data",
            },
          },
          resources,
          endpoints: [{ name: "web", hostPort: 0 }],
          volumeMounts: [{ name: "common", mountPath: "data" }],
        },
        {
          name: "client",
          exec: {
            command: {
              shell:
                "until test -s in/word; do sleep 0.1; done; echo file: $(cat in/word); " +
                "until python3 -c \"import os,urllib.request as u; print('http:', u.urlopen('http://127.0.0.1:'+os.environ['ENDPOINT_WEB']+'/word').read().decode())\" 2>/dev/null; do sleep 0.2; done; exec sleep 100000",
            },
          },
          resources,
          volumeMounts: [{ name: "common", mountPath: "in" }],
        },
      ],
      volumes: [{ name: "common" }],
    });
    const { instances } = await stable("/shared");
    const [instance] = instances;
    if (instance === undefined) throw new Error("no instance");
    const output = await eventually("both words arrived", async () => {
      const text = await outputOf(containerOf(instance, "client").containerId);
      return text.includes("http:") && text;
    });
    expect(output).toContain("file: from-server");
    expect(output).toContain("http: from-server");
    // Each has a folder of its own.
    const own = await cluster.cli("task", "ls", containerOf(instance, "client").containerId);
    expect(own.stdout).toContain("in");
    expect(own.stdout).not.toContain("data");
    await call("DELETE", "/v2/pods/shared");
  });

  it.runIf(process.getuid?.() === 0)(
    "have folders of the machine, and mounts of one volume that some may write to and others may not",
    async () => {
      const ours = mkdtempSync(join(tmpdir(), "keelson-ours-"));
      try {
        chmodSync(ours, 0o777);
        const mounts = (readOnly: boolean): object => ({
          volumeMounts: [
            { name: "ours", mountPath: "ours", readOnly },
            { name: "common", mountPath: "common", readOnly },
          ],
        });
        const running = (name: string, shell: string, readOnly: boolean): object =>
          sleeper(name, { exec: { command: { shell: `${shell}; exec sleep 100000` } }, ...mounts(readOnly) });
        await create({
          id: "/with-ours",
          containers: [
            running("writer", "echo own > common/word; echo machine > ours/word", false),
            running(
              "reader",
              "until test -s common/word && test -s ours/word; do sleep 0.1; done; cat common/word ours/word; " +
                "touch common/x 2>/dev/null || echo fixed; touch ours/x 2>/dev/null || echo fixed; echo the end",
              true,
            ),
          ],
          volumes: [{ name: "ours", host: ours }, { name: "common" }],
        });
        const [instance] = (await stable("/with-ours")).instances;
        if (instance === undefined) throw new Error("no instance");
        const output = await eventually("the reader read", async () => {
          const text = await outputOf(containerOf(instance, "reader").containerId);
          return text.includes("the end") && text;
        });
        expect(output).toBe("own\nmachine\nfixed\nfixed\nthe end\n");
        expect(readdirSync(ours)).toEqual(["word"]);
        await call("DELETE", "/v2/pods/with-ours");
      } finally {
        rmSync(ours, { recursive: true, force: true });
      }
    },
  );

  it("marathon.md§24#84 tell their containers of themselves and of all endpoints", async () => {
    await create({
      id: "/told/env",
      labels: { Team: "shop" },
      environment: { FROM: "pod", ONLY: "pod" },
      containers: [
        sleeper("first", {
          exec: { command: { shell: "env; exec sleep 100000" } },
          environment: { FROM: "container", HOST: "mine" },
          endpoints: [{ name: "web-ui", hostPort: 0 }],
          labels: { Team: "front" },
        }),
        sleeper("second", { endpoints: [{ name: "admin", hostPort: 0 }] }),
      ],
    });
    const { instances, spec } = await stable("/told/env");
    const [instance] = instances;
    if (instance === undefined) throw new Error("no instance");
    const { containerId } = containerOf(instance, "first");
    const output = await eventually("it wrote its environment", async () => {
      const text = await outputOf(containerId);
      return text.includes("MARATHON_CONTAINER_ID") && text;
    });
    const variables = Object.fromEntries(
      output.split("\n").map((line) => [line.slice(0, line.indexOf("=")), line.slice(line.indexOf("=") + 1)]),
    );
    const portOf = (container: string): string =>
      String(containerOf(instance, container).endpoints[0]?.allocatedHostPort);
    expect(variables).toMatchObject({
      MESOS_TASK_ID: containerId,
      MESOS_EXECUTOR_ID: `instance-told_env.${instance.id.slice("told_env.instance-".length)}`,
      MARATHON_APP_ID: "/told/env",
      MARATHON_APP_VERSION: spec.version,
      MARATHON_CONTAINER_ID: "first",
      MARATHON_CONTAINER_RESOURCE_CPUS: "0.01",
      MARATHON_CONTAINER_RESOURCE_MEM: "16.0",
      MARATHON_CONTAINER_RESOURCE_DISK: "0.0",
      MARATHON_CONTAINER_RESOURCE_GPUS: "0",
      MARATHON_APP_ENFORCE_GROUP_ROLE: "FALSE",
      MARATHON_APP_LABELS: "TEAM",
      MARATHON_APP_LABEL_TEAM: "front",
      FROM: "container",
      ONLY: "pod",
      ENDPOINT_WEB_UI: portOf("first"),
      EP_HOST_WEB_UI: portOf("first"),
      ENDPOINT_ADMIN: portOf("second"),
      EP_HOST_ADMIN: portOf("second"),
    });
    // What the system says comes last.
    expect(variables["HOST"]).not.toBe("mine");
    await call("DELETE", "/v2/pods/told/env");
  });

  it("marathon.md§24#85 lose the instance that is killed, and no other", async () => {
    await create({
      id: "/killed",
      containers: [sleeper("a"), sleeper("b")],
      scaling: { kind: "fixed", instances: 2 },
      ...fast,
    });
    const { instances } = await stable("/killed", 2);
    const [victim, other] = instances;
    if (victim === undefined || other === undefined) throw new Error("two instances were expected");
    const killed = await call("DELETE", `/v2/pods/killed::instances/${victim.id}`);
    expect(killed).toMatchObject({
      status: 200,
      body: {
        instanceId: victim.id,
        state: { condition: "Running", goal: "Running" },
        agentInfo: { agentId: victim.agentId },
      },
    });
    await eventually(
      "its next incarnation runs",
      async () => {
        const found = (await statusOf("/killed")).instances.find(({ id }) => id === victim.id);
        return found?.status === "STABLE" && containerOf(found, "a").containerId.endsWith(".a.2");
      },
      patienceMs,
    );
    const after = await stable("/killed", 2);
    expect(
      after.instances.find(({ id }) => id === other.id)?.containers.map(({ containerId }) => containerId),
    ).toEqual(other.containers.map(({ containerId }) => containerId));
    expect((await call("DELETE", "/v2/pods/killed::instances/nonsense")).status).toBe(422);
    const stranger = victim.id.replace(/[0-9a-f]{12}$/, "000000000000");
    expect((await call("DELETE", `/v2/pods/killed::instances/${stranger}`)).status).toBe(404);
    const many = await call("DELETE", "/v2/pods/killed::instances?wipe=true", [other.id, stranger]);
    expect(many).toMatchObject({ status: 200, body: [{ instanceId: other.id }] });
    const wiped = await stable("/killed", 2);
    expect(wiped.instances.map(({ id }) => id)).not.toContain(other.id);
    await call("DELETE", "/v2/pods/killed");
  }, 200_000);

  it("marathon.md§24#86 are launched again whole when a container crashes: next incarnation, same instance", async () => {
    await create({
      id: "/crash",
      containers: [sleeper("steady"), sleeper("shaky")],
      ...fast,
    });
    const before = await stable("/crash");
    const [instance] = before.instances;
    if (instance === undefined) throw new Error("no instance");
    const shaky = containerOf(instance, "shaky").containerId;
    for (const pid of pidsOfTask(shaky)) process.kill(pid, "SIGKILL");
    const after = await eventually("it runs again", async () => {
      const [found] = (await stable("/crash")).instances;
      return found?.containers.every(({ containerId }) => containerId.endsWith(".2")) === true && found;
    });
    expect(after.id).toBe(instance.id);
    expect(after.containers.map(({ status }) => status)).toEqual(["TASK_RUNNING", "TASK_RUNNING"]);
    const { terminationHistory } = await statusOf("/crash");
    expect(terminationHistory).toMatchObject([
      { instanceID: instance.id, containers: [{ containerId: shaky }] },
    ]);
    expect(pidsOfTask(containerOf(instance, "steady").containerId)).toEqual([]);
    await call("DELETE", "/v2/pods/crash");
  });
});
