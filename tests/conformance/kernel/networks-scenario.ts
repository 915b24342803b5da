/** What `networks.test.ts` is about, in a network of its own: containers in networks, on a real master and agent. */
import { execFileSync } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { TaskStatus } from "#contracts/kernel/messages.gen.ts";
import { eventually } from "../../harness/cluster.ts";
import { tellFacts } from "../../harness/own-network.ts";
import { KernelWorld, type Scheduler } from "./agent-world.ts";

const waitMs = 60_000;
const quick = { delay_seconds: 0, interval_seconds: 0.2, timeout_seconds: 10, grace_period_seconds: 60 };

const bridge = (name: string, subnet: string, dir: string) => ({
  type: "bridge",
  bridge: name,
  isGateway: true,
  ipMasq: true,
  hairpinMode: true,
  ipam: {
    type: "host-local",
    dataDir: join(dir, "addresses"),
    ranges: [[{ subnet }]],
    routes: [{ dst: "0.0.0.0/0" }],
  },
});

function describeNetworks(dir: string): void {
  mkdirSync(dir);
  const write = (file: string, content: object) => writeFileSync(join(dir, file), JSON.stringify(content));
  write("10-blue.conflist", {
    cniVersion: "0.4.0",
    name: "blue",
    plugins: [
      bridge("blue0", "10.99.1.0/24", dir),
      { type: "portmap", capabilities: { portMappings: true }, snat: true },
    ],
  });
  write("20-red.conf", { cniVersion: "0.4.0", name: "red", ...bridge("red0", "10.99.2.0/24", dir) });
  write("30-broken.conflist", {
    cniVersion: "0.4.0",
    name: "broken",
    plugins: [bridge("broken0", "10.99.3.0/24", dir), { type: "refuses" }],
  });
}

/** A plugin that always says what is wrong, and where it was asked. */
function makePlugin(dir: string): void {
  mkdirSync(dir);
  const file = join(dir, "refuses");
  writeFileSync(
    file,
    `#!/bin/sh\ncat > /dev/null\n[ "$CNI_COMMAND" = DEL ] && exit 0\necho '{"code": 11, "msg": "no room here", "details": "try another"}'\nexit 1\n`,
  );
  chmodSync(file, 0o755);
}

async function get(url: string): Promise<string> {
  const answer = await fetch(url, { signal: AbortSignal.timeout(5_000) });
  return `${answer.status} ${(await answer.text()).trim()}`;
}

const shell = (command: string): string => execFileSync("sh", ["-c", command], { encoding: "utf8" }).trim();
const leftBehind = (world: KernelWorld) => ({
  folders: existsSync(join(world.dir, "agent-0/networks"))
    ? readdirSync(join(world.dir, "agent-0/networks")).filter((name) => !name.startsWith("."))
    : [],
  ends: shell("ip -o link show type veth | wc -l"),
  rules: shell("iptables-save -t nat | grep -c 'CNI-DN-' || true"),
  addresses: readdirSync(join(world.dir, "cni/addresses"), { recursive: true, encoding: "utf8" })
    .filter((path) => /\/10\./.test(path))
    .sort(),
});
type Left = ReturnType<typeof leftBehind>;

const nothingIsLeft = (world: KernelWorld): Promise<Left> =>
  eventually(
    "every network was left",
    () => {
      const left = leftBehind(world);
      return left.folders.length === 0 && left.ends === "0" ? left : undefined;
    },
    waitMs,
  );

const ports = (port: number) => ({
  name: "ports",
  type: "RANGES" as const,
  ranges: { range: [{ begin: port, end: port }] },
  allocation_info: { role: "*" },
});
const scalar = (name: string, value: number) => ({
  name,
  type: "SCALAR" as const,
  scalar: { value },
  allocation_info: { role: "*" },
});
const small = [scalar("cpus", 0.1), scalar("mem", 32)];
const web = (port: number, address: string) =>
  `mkdir w && echo "$PWD" > w/where && cd w && exec python3 -m http.server ${port} --bind ${address}`;

const infosOf = (status: TaskStatus) => status.container_status?.network_infos;

async function serverInNetwork(world: KernelWorld, scheduler: Scheduler) {
  const task = await scheduler.launchOn(() => ({
    command: { shell: true, value: web(8080, "0.0.0.0") },
    resources: [...small, ports(31_005)],
    container: {
      type: "MESOS",
      network_infos: [
        {
          name: "blue",
          labels: { labels: [{ key: "team", value: "a" }] },
          port_mappings: [{ host_port: 31_005, container_port: 8080, protocol: "tcp" }],
        },
      ],
    },
    health_check: { ...quick, type: "HTTP", http: { scheme: "http", port: 8080, path: "/where" } },
  }));
  const running = await scheduler.status(task, "TASK_RUNNING");
  await scheduler.until("healthy", () => scheduler.statuses(task).find(({ healthy }) => healthy === true));
  const address = infosOf(running)?.[0]?.ip_addresses?.[0]?.ip_address ?? "";
  const direct = await get(`http://${address}:8080/where`);
  const mapped = await get("http://127.0.0.1:31005/where");
  const state = (await world.get("/state")).json() as {
    frameworks: { executors: { tasks: { statuses: { container_status: unknown }[] }[] }[] }[];
  };
  await world.stopAgent();
  const whileAway = await get("http://127.0.0.1:31005/where");
  await startAgent(world);
  const afterwards = await get("http://127.0.0.1:31005/where");
  const shown = state.frameworks[0]?.executors[0]?.tasks[0]?.statuses.at(-1)?.container_status;
  await scheduler.kill(task, 0);
  await scheduler.ended(task);
  const left = await nothingIsLeft(world);
  return { infos: infosOf(running), shown, direct, mapped, whileAway, afterwards, left };
}

async function onLoopbackOnly(scheduler: Scheduler) {
  const probe = (kind: object) =>
    scheduler.launchOn(() => ({
      command: { shell: true, value: web(9000, "127.0.0.1") },
      resources: small,
      container: { type: "MESOS", network_infos: [{ name: "red" }] },
      health_check: { ...quick, ...kind },
    }));
  const http = await probe({ type: "HTTP", http: { scheme: "http", port: 9000, path: "/where" } });
  const tcp = await probe({ type: "TCP", tcp: { port: 9000 } });
  const command = await probe({
    type: "COMMAND",
    command: {
      shell: true,
      value: "python3 -c 'import socket; socket.create_connection((\"127.0.0.1\", 9000), 5)'",
    },
  });
  const tasks = { http, tcp, command };
  const healthy: Record<string, boolean> = {};
  for (const [name, task] of Object.entries(tasks)) {
    await scheduler.until(`${name} healthy`, () =>
      scheduler.statuses(task).find((each) => each.healthy === true),
    );
    healthy[name] = true;
  }
  const addresses = Object.values(tasks).map(
    (task) => infosOf(scheduler.statuses(task).at(-1) as TaskStatus)?.[0]?.ip_addresses?.[0]?.ip_address,
  );
  for (const task of Object.values(tasks)) {
    await scheduler.kill(task, 0);
    await scheduler.ended(task);
  }
  return { healthy, addresses };
}

async function refusals(world: KernelWorld, scheduler: Scheduler) {
  const into = async (info: object) => {
    const task = await scheduler.launchOn(() => ({
      command: { shell: true, value: "sleep 600" },
      resources: small,
      container: { type: "MESOS", network_infos: [info] },
    }));
    const { state, reason, message } = await scheduler.ended(task);
    return { state, reason, message };
  };
  const unknown = await into({ name: "green" });
  const noPorts = await into({ name: "red", port_mappings: [{ host_port: 31_006, container_port: 80 }] });
  const broken = await into({ name: "broken" });
  return { unknown, noPorts, broken, left: await nothingIsLeft(world) };
}

async function group(world: KernelWorld, scheduler: Scheduler) {
  const offer = await scheduler.until("an offer", () => scheduler.takeOffer());
  const task = (name: string, value: string) => ({
    name,
    task_id: { value: name },
    agent_id: offer.agent_id,
    command: { shell: true, value },
    resources: small,
  });
  const fetches = `python3 -c 'import urllib.request; print(urllib.request.urlopen("http://127.0.0.1:9000/where").read().decode())'`;
  await scheduler.call("ACCEPT", {
    accept: {
      offer_ids: [offer.id],
      operations: [
        {
          type: "LAUNCH_GROUP",
          launch_group: {
            executor: {
              type: "DEFAULT",
              executor_id: { value: "pod" },
              framework_id: { value: scheduler.frameworkId },
              resources: [...small, scalar("disk", 10)],
              container: { type: "MESOS", network_infos: [{ name: "blue" }] },
            },
            task_group: {
              tasks: [
                task("serves", web(9000, "127.0.0.1")),
                task(
                  "asks",
                  `until ${fetches}; do sleep 0.2; done; echo "$MESOS_CONTAINER_IP"; exec sleep 600`,
                ),
              ],
            },
          },
        },
      ],
      filters: { refuse_seconds: 0 },
    },
  });
  const serves = await scheduler.status("serves", "TASK_RUNNING");
  const asks = await scheduler.status("asks", "TASK_RUNNING");
  const path = `${world.dir}/agent-0/work/slaves/*/frameworks/*/executors/pod/runs/latest/tasks/asks/stdout`;
  const output = await eventually(
    "one container heard the other",
    () => {
      const lines = shell(`cat ${path}`).split("\n");
      return lines.length >= 3 ? lines : undefined;
    },
    waitMs,
  );
  await scheduler.kill("serves", 0);
  await scheduler.ended("serves");
  await scheduler.ended("asks");
  return { serves: infosOf(serves), asks: infosOf(asks), output, left: await nothingIsLeft(world) };
}

const startAgent = (world: KernelWorld): Promise<void> => world.startAgent(agentOptions(world.dir));
const agentOptions = (dir: string) => ({
  networkConfigDir: join(dir, "cni"),
  networkPluginsPath: `/usr/lib/cni:${join(dir, "plugins")}`,
});

const world = await KernelWorld.start();
await world.stopAgent();
describeNetworks(join(world.dir, "cni"));
makePlugin(join(world.dir, "plugins"));
await startAgent(world);
const scheduler = await world.subscribe();
const facts = {
  server: await serverInNetwork(world, scheduler),
  loopback: await onLoopbackOnly(scheduler),
  refused: await refusals(world, scheduler),
  group: await group(world, scheduler),
};
await world.close();
tellFacts(facts);
process.exit(0);
