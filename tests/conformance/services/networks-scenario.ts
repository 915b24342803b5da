/** What `networks.test.ts` is about, in a network of its own: apps in networks of containers, on a real cluster. */
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ask, eventually, startCluster } from "../../harness/cluster.ts";
import { JobsApi, TaskFiles } from "../../harness/jobs.ts";
import { tellFacts } from "../../harness/own-network.ts";
import { Registry } from "../../harness/registry.ts";

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
// Of this scenario alone: its mounts are its own.
writeFileSync(
  join(dir, "resolv.conf"),
  "search shop.example\nnameserver 127.0.0.53\nnameserver 10.98.0.53\n",
);
execFileSync("mount", ["--bind", join(dir, "resolv.conf"), "/etc/resolv.conf"]);
const registry = await Registry.start();
const image = await registry.push(
  "shop/web:1",
  [
    {
      serve: {
        mode: 0o755,
        text: `#!/bin/sh\n${tellOfItself("/www")}\nexec httpd -f -p "\${1:-80}" -h /www\n`,
      },
      "www/page": "hello from an image\n",
      "etc/hosts": "192.0.2.1 shadow\n",
      "etc/hostname": "shadow\n",
      "etc/resolv.conf": "nameserver 192.0.2.1\n",
    },
  ],
  { Entrypoint: ["/serve"], Env: ["PATH=/bin"] },
);
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
  const lines = (await textAt(`${url}/env`)).split("\n").filter((line) => line.includes("="));
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

/** What a container says of its name, in files of that folder. */
function tellOfItself(folder: string): string {
  const copies = ["hosts", "hostname", "resolv.conf"].map((name) => `cat /etc/${name} > ${folder}/${name}`);
  return [...copies, `hostname > ${folder}/name`].join("; ");
}

/** What stands there, once whoever serves it has come up. */
const textAt = (url: string): Promise<string> =>
  eventually(
    `${url} answers`,
    async () => {
      const answer = await fetch(url, { signal: AbortSignal.timeout(10_000) });
      return answer.ok ? answer.text() : undefined;
    },
    waitMs,
  );

const toldAt = async (url: string) => ({
  hosts: await textAt(`${url}/hosts`),
  hostname: await textAt(`${url}/hostname`),
  resolvers: await textAt(`${url}/resolv.conf`),
  name: await textAt(`${url}/name`),
});

/** An image with Docker's rules, on the bridge. */
async function docker() {
  const task = await create({
    id: "/docker",
    container: {
      type: "DOCKER",
      docker: { image },
      portMappings: [{ containerPort: 80, name: "http" }],
    },
    networks: [{ mode: "container/bridge" }],
    healthChecks: [{ ...quick, protocol: "MESOS_HTTP", path: "/page" }],
  });
  const url = `http://127.0.0.1:${task.ports[0]}`;
  return {
    address: task.ipAddresses[0]?.ipAddress,
    page: await textAt(`${url}/page`),
    told: await toldAt(url),
  };
}

interface PodStatus {
  readonly status: string;
  readonly instances: readonly {
    readonly networks: readonly { readonly name?: string; readonly addresses: readonly string[] }[];
    readonly containers: readonly {
      readonly endpoints: readonly { readonly name: string; readonly allocatedHostPort?: number }[];
    }[];
  }[];
}

/** Two containers in one network, one of them with an image; each asks the other on its loopback. */
async function pod() {
  const resources = { cpus: 0.05, mem: 32 };
  const { status, body } = await ask(`${services}/v2/pods`, {
    method: "POST",
    body: {
      id: "/pod",
      user: "root",
      networks: [{ mode: "container/bridge" }],
      containers: [
        {
          name: "web",
          resources,
          exec: {
            command: {
              shell: `mkdir w && env > w/env && cd w && ${tellOfItself("$PWD")} && exec python3 -m http.server 80`,
            },
          },
          endpoints: [{ name: "http", containerPort: 80 }],
          healthCheck: {
            http: { endpoint: "http", path: "/env" },
            intervalSeconds: 2,
            timeoutSeconds: 1,
            delaySeconds: 0,
          },
        },
        {
          name: "side",
          resources,
          image: { kind: "DOCKER", id: image },
          exec: {
            command: {
              shell:
                "until wget -q -O /www/heard http://localhost:80/name; do sleep 0.1; done; exec /serve 81",
            },
          },
          endpoints: [{ name: "admin", containerPort: 81, hostPort: 0 }],
          healthCheck: { tcp: { endpoint: "admin" }, intervalSeconds: 2, timeoutSeconds: 1, delaySeconds: 0 },
        },
      ],
    },
  });
  if (status !== 201) throw new Error(`/pod: ${status} ${JSON.stringify(body)}`);
  const shown = await eventually(
    "the pod is stable",
    async () => {
      const answer = (await ask(`${services}/v2/pods/pod::status`)).body as PodStatus;
      return answer.status === "STABLE" ? answer : undefined;
    },
    waitMs,
  );
  const [instance] = shown.instances;
  const ports = (instance?.containers ?? []).map(({ endpoints }) => endpoints[0]?.allocatedHostPort);
  const [web, side] = ports.map((port) => `http://127.0.0.1:${port}`);
  return {
    networks: instance?.networks,
    ports,
    env: await environmentAt(web ?? ""),
    web: await toldAt(web ?? ""),
    side: await toldAt(side ?? ""),
    heard: await textAt(`${side}/heard`),
  };
}

/** A job with an image, in a network by name. */
async function job() {
  const files = new TaskFiles();
  const jobs = new JobsApi(cluster.info.services.jobs);
  const volumes = [{ containerPath: "/out", hostPath: files.path(""), mode: "RW" }];
  await jobs.create("netted", {
    cmd: tellOfItself("/out"),
    ucr: { image: { id: image } },
    networks: [{ mode: "container", name: "blue" }],
    volumes,
  });
  await jobs.start("netted");
  const { successCount } = await jobs.ended("netted");
  const hosts = readFileSync(files.path("hosts"), "utf8");
  files.remove();
  return { successCount, hosts };
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

/** What is said of an app that can't start, once its first failure is known. */
async function stuck(code: string, app: { readonly id: string; readonly [field: string]: unknown }) {
  await ask(`${services}/v2/apps`, { method: "POST", body: { ...small, ...app } });
  const failure = await eventually(
    `${app.id}'s failure is told`,
    async () => {
      const { body } = await ask(`${services}/v2/apps${app.id}?embed=app.lastTaskFailure`);
      return (body as { app: { lastTaskFailure?: { message: string; state: string } } }).app.lastTaskFailure;
    },
    waitMs,
  );
  const why = await eventually(
    `why says ${code}`,
    async () => {
      const { body } = await ask(`${services}/keelson/v1/why?name=${encodeURIComponent(app.id)}`);
      const { reasons } = body as { reasons: readonly { code: string; message: string; remedy?: string }[] };
      return reasons[0]?.code === code ? reasons[0] : undefined;
    },
    waitMs,
  );
  await ask(`${services}/v2/apps${app.id}`, { method: "DELETE" });
  return { state: failure.state, message: failure.message, why };
}

/** A network that no agent has. */
const unknown = () =>
  stuck("networkUnknown", { id: "/unknown", cmd: "sleep 600", networks: [{ name: "green" }] });

/** An image that the registry does not have. */
const missing = () =>
  stuck("imageMissing", {
    id: "/missing",
    container: { type: "MESOS", docker: { image: `${registry.host}/shop/none:7` } },
  });

const facts = {
  bridged: await bridged(),
  named: await named(),
  plain: await plain(),
  unknown: await unknown(),
  missing: await missing(),
  docker: await docker(),
  pod: await pod(),
  job: await job(),
};
await cluster.purge();
await registry.close();
const links = execFileSync("ip", ["-o", "link"], { encoding: "utf8" });
const left = links.split("\n").flatMap((line) => /^\d+: (veth|keelson-)/.exec(line)?.[1] ?? []);
rmSync(dir, { recursive: true, force: true });
tellFacts({ ...facts, left });
process.exit(0);
