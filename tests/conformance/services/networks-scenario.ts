/** What `networks.test.ts` is about, in a network of its own: apps in networks of containers, on a real cluster. */
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ask, eventually, startCluster } from "../../harness/cluster.ts";
import { tellFacts } from "../../harness/own-network.ts";

const waitMs = 90_000;
const small = { cpus: 0.05, mem: 16, instances: 1 };
const web = (port: string): string =>
  `mkdir w && env > w/env && cd w && exec python3 -m http.server "${port}" --bind 0.0.0.0`;
const quick = { gracePeriodSeconds: 120, intervalSeconds: 1, timeoutSeconds: 1, delaySeconds: 0 };

interface Task {
  readonly id: string;
  readonly ports: readonly number[];
  readonly ipAddresses: readonly { readonly ipAddress: string }[];
  readonly healthCheckResults?: readonly { readonly alive: boolean }[];
}

/** A network without ports of the agent's, beside the bridge that every agent has. */
function describeNetwork(dir: string): string {
  const ipam = { type: "host-local", dataDir: join(dir, "given"), ranges: [[{ subnet: "10.98.1.0/24" }]] };
  const plugins = [{ type: "bridge", bridge: "blue0", isGateway: true, ipam }];
  mkdirSync(join(dir, "cni"));
  writeFileSync(
    join(dir, "cni/blue.conflist"),
    JSON.stringify({ cniVersion: "0.4.0", name: "blue", plugins }),
  );
  const flags = join(dir, "agent-flags.json");
  writeFileSync(flags, JSON.stringify({ network_cni_config_dir: join(dir, "cni") }));
  return flags;
}

const dir = mkdtempSync(join(tmpdir(), "keelson-networks-"));
const cluster = await startCluster({ agents: 1, flags: ["--agent-flags", describeNetwork(dir)] });
const { services, kernel } = cluster.info.services;

async function create(app: { readonly id: string; readonly [field: string]: unknown }): Promise<Task> {
  const { status, body } = await ask(`${services}/v2/apps`, { method: "POST", body: { ...small, ...app } });
  if (status !== 201) throw new Error(`${app.id}: ${status} ${JSON.stringify(body)}`);
  return eventually(
    `${app.id} is healthy`,
    async () => {
      const answer = (await ask(`${services}/v2/apps${app.id}/tasks`)).body as { tasks: readonly Task[] };
      const task = answer.tasks[0];
      return task?.healthCheckResults?.[0]?.alive === true ? task : undefined;
    },
    waitMs,
  );
}

async function environmentAt(url: string): Promise<Readonly<Record<string, string>>> {
  const answer = await fetch(`${url}/env`, { signal: AbortSignal.timeout(10_000) });
  const lines = (await answer.text()).split("\n").filter((line) => line.includes("="));
  return Object.fromEntries(
    lines.map((line) => [line.slice(0, line.indexOf("=")), line.slice(line.indexOf("=") + 1)]),
  );
}

async function discoveryOf(appId: string): Promise<unknown> {
  const state = (await ask(`${kernel}/state`)).body as {
    frameworks: { tasks: { id: string; discovery: { ports: { ports: unknown } } }[] }[];
  };
  const tasks = state.frameworks.flatMap((framework) => framework.tasks);
  return tasks.find(({ id }) => id.startsWith(`${appId.slice(1)}.instance-`))?.discovery.ports.ports;
}

async function definitionOf(id: string) {
  const { app } = (await ask(`${services}/v2/apps${id}`)).body as {
    app: { networks: unknown; portDefinitions?: unknown; container: { portMappings: unknown } };
  };
  return { networks: app.networks, declared: app.portDefinitions, mappings: app.container.portMappings };
}

async function bridged() {
  const task = await create({
    id: "/bridged",
    cmd: web("80"),
    user: "root",
    networks: [{ mode: "container/bridge" }],
    container: {
      portMappings: [
        { containerPort: 80, servicePort: 10_080, name: "http", labels: { VIP_0: "/bridged:80" } },
      ],
    },
    healthChecks: [{ ...quick, protocol: "HTTP", path: "/env" }],
  });
  const { ports, ipAddresses } = task;
  return {
    ports,
    ipAddresses,
    env: await environmentAt(`http://127.0.0.1:${ports[0]}`),
    discovery: await discoveryOf("/bridged"),
    definition: await definitionOf("/bridged"),
  };
}

async function named() {
  const task = await create({
    id: "/named",
    cmd: web("8080"),
    networks: [{ mode: "container", name: "blue" }],
    container: { portMappings: [{ containerPort: 8080, name: "http", labels: { VIP_0: "/named:80" } }] },
    healthChecks: [{ ...quick, protocol: "HTTP", path: "/env" }],
  });
  const { ports, ipAddresses } = task;
  return {
    ports,
    ipAddresses,
    env: await environmentAt(`http://${ipAddresses[0]?.ipAddress}:8080`),
    discovery: await discoveryOf("/named"),
    definition: await definitionOf("/named"),
  };
}

/** In the agent's own network. */
async function plain() {
  const task = await create({
    id: "/plain",
    cmd: web("$PORT0"),
    portDefinitions: [{ port: 0, name: "http", labels: { VIP_0: "/plain:80" } }],
    healthChecks: [{ ...quick, protocol: "MESOS_HTTP", path: "/env" }],
  });
  return { ports: task.ports, discovery: await discoveryOf("/plain") };
}

/** A network that no agent has. */
async function unknown() {
  await ask(`${services}/v2/apps`, {
    method: "POST",
    body: { ...small, id: "/unknown", cmd: "sleep 600", networks: [{ name: "green" }] },
  });
  return eventually(
    "the app's failure is told",
    async () => {
      const { body } = await ask(`${services}/v2/apps/unknown?embed=app.lastTaskFailure`);
      const { app } = body as { app: { lastTaskFailure?: { message: string; state: string } } };
      return app.lastTaskFailure === undefined
        ? undefined
        : { state: app.lastTaskFailure.state, message: app.lastTaskFailure.message };
    },
    waitMs,
  );
}

const facts = {
  bridged: await bridged(),
  named: await named(),
  plain: await plain(),
  unknown: await unknown(),
};
await cluster.purge();
const links = execFileSync("ip", ["-o", "link"], { encoding: "utf8" });
const left = links.split("\n").flatMap((line) => /^\d+: (veth|keelson-)/.exec(line)?.[1] ?? []);
rmSync(dir, { recursive: true, force: true });
tellFacts({ ...facts, left });
process.exit(0);
