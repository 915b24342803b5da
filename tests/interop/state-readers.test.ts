/** Programs that read the kernel's older state (`/state`, `/slaves`, `/frameworks`, `/tasks`, `/metrics/snapshot`), unmodified. */
import { existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ask, run, startCluster, type TestCluster } from "../harness/cluster.ts";
import { freePort } from "../harness/ports.ts";
import { type App, createApp, settled } from "../harness/services.ts";
import { Background } from "./background.ts";
import { python, pythonWith } from "./python-packages.ts";
import { checkedOut, goCompiler, goProgram, runTool } from "./stranger-tools.ts";

let cluster: TestCluster;
let scratch: string;
let app: App;

beforeAll(async () => {
  scratch = mkdtempSync(join(tmpdir(), "keelson-readers-"));
  cluster = await startCluster();
  await createApp(cluster, { id: "/shop/cart", cmd: "exec sleep 100000", cpus: 0.25, mem: 32, instances: 2 });
  app = await settled(cluster, "/shop/cart");
}, 120_000);
afterAll(async () => {
  await cluster.purge();
  rmSync(scratch, { recursive: true, force: true });
});

describe("the command line of Mesos", { concurrent: true, skip: !existsSync(python) }, () => {
  const packages = [
    "avmesos-cli==1.0.0",
    "docopt==0.6.2",
    "kazoo==2.10.0",
    "parse==1.20.2",
    "Pygments",
    "six",
    "tenacity==8.5.0",
    "toml==0.10.2",
    "ujson==5.10.0",
    "wrapt==1.16.0",
    "requests==2.31.0",
    "urllib3",
    "idna",
    "certifi",
    "charset-normalizer",
  ];
  let interpreter: string;
  beforeAll(async () => {
    interpreter = await pythonWith("avmesos", packages);
  }, 300_000);

  it("mesos.md§8#97 lists agents, frameworks and tasks, and shows a task", async () => {
    const master = new URL(cluster.info.services.kernel).host;
    mkdirSync(join(scratch, ".mesos"));
    writeFileSync(join(scratch, ".mesos/config.toml"), `[master]\n  address = "${master}"\n`);
    const mesos = async (...args: string[]): Promise<string> => {
      const environment = { ...process.env, HOME: scratch, LANG: "C.UTF-8" };
      const words = ["-m", "avmesos.cli.mesos-cli", ...args];
      const { code, stdout, stderr } = await run(interpreter, words, environment);
      expect({ args, code, stderr: code === 0 ? "" : stderr }).toEqual({ args, code: 0, stderr: "" });
      return stdout;
    };
    const agents = await mesos("agent", "list");
    for (const { id } of cluster.info.agents) expect(agents).toMatch(new RegExp(`${id} +\\S+ +True`));
    expect(await mesos("framework", "list")).toMatch(/ marathon /);
    const listed = await mesos("task", "list");
    for (const { id } of app.tasks) expect(listed).toMatch(new RegExp(`${id} +TASK_RUNNING`));
    const [task] = app.tasks;
    expect(JSON.parse(await mesos("task", "inspect", task?.id ?? ""))).toMatchObject({
      id: task?.id,
      name: "cart.shop",
      resources: { cpus: 0.25, mem: 32 },
    });
  }, 120_000);
});

/** A program of a checkout that brings its own dependencies, in the way of before modules. */
async function built(name: string, importPath: string): Promise<string> {
  const path = join(scratch, `go-${name}`);
  const sources = join(path, "src", importPath);
  mkdirSync(dirname(sources), { recursive: true });
  symlinkSync(checkedOut(name) ?? "", sources);
  const program = join(scratch, name);
  await runTool(goCompiler ?? "", ["build", "-o", program, "."], {
    cwd: sources,
    env: { ...process.env, PWD: sources, GO111MODULE: "off", GOPATH: path, GOFLAGS: "" },
    timeout: 300_000,
  });
  return program;
}

const mesosDns = await goProgram("mesos-dns", "github.com/mesosphere/mesos-dns");

describe("mesos-dns", { concurrent: true, skip: mesosDns === undefined }, () => {
  it("mesos.md§8#97 names the leader, frameworks, agents and tasks with their ports", async () => {
    const port = await freePort();
    const configuration = join(scratch, "mesos-dns.json");
    const names = { domain: "mesos", SOAMname: "ns1.mesos", SOARname: "root.ns1.mesos" };
    const masters = [new URL(cluster.info.services.kernel).host];
    const listens = { listener: "127.0.0.1", httpport: port, dnson: false, externalon: false };
    const sources = { refreshSeconds: 1, resolvers: ["127.0.0.1"], IPSources: ["netinfo", "mesos", "host"] };
    writeFileSync(configuration, JSON.stringify({ masters, ...names, ...listens, ...sources }));
    const dns = new Background(mesosDns ?? "", [`-config=${configuration}`]);
    const about = async (
      path: string,
    ): Promise<readonly { readonly ip: string; readonly port?: string }[]> => {
      const { body } = await ask(`http://127.0.0.1:${port}/v1/${path}`);
      return body as readonly { readonly ip: string; readonly port?: string }[];
    };
    try {
      await dns.until(
        "both tasks",
        async () => (await about("services/_cart-shop._tcp.marathon.mesos")).length === 2,
      );
      const ports = (await about("services/_cart-shop._tcp.marathon.mesos")).map((each) => Number(each.port));
      expect(ports.sort()).toEqual(app.tasks.flatMap((task) => task.ports).sort());
      for (const name of ["leader.mesos", "marathon.mesos", "slave.mesos", "cart-shop.marathon.mesos"])
        expect({ name, ip: (await about(`hosts/${name}`))[0]?.ip }).toEqual({ name, ip: "127.0.0.1" });
    } finally {
      await dns.end();
    }
  }, 120_000);
});

const telegraf = await goProgram("telegraf");

describe("Telegraf's input for Mesos", { concurrent: true, skip: telegraf === undefined }, () => {
  it("mesos.md§8#97 gathers the metrics of the master and of an agent", async () => {
    const { services, agents } = cluster.info;
    const gathered = async (
      role: "master" | "slave",
      address: string,
    ): Promise<ReadonlyMap<string, string>> => {
      const { code, stdout, stderr } = await run(telegraf ?? "", [role, address], {});
      expect({ role, code, stderr }).toEqual({ role, code: 0, stderr: "" });
      const lines = stdout.trim().split("\n");
      return new Map(
        lines.map((line) => {
          const [input, of, name = "", value = ""] = line.split(" ");
          expect({ input, of }).toEqual({ input: "mesos", of: role });
          return [name, value];
        }),
      );
    };
    const master = await gathered("master", services.kernel);
    const told = (metrics: ReadonlyMap<string, string>, names: readonly string[]): unknown =>
      Object.fromEntries(names.map((name) => [name, metrics.get(name)]));
    const counts = { "master/elected": "1", "master/slaves_active": "2", "master/tasks_running": "2" };
    expect(told(master, Object.keys(counts))).toEqual(counts);
    const agent = agents.find((each) => !each.public);
    const uses = { "slave/registered": "1", "slave/tasks_running": "2", "slave/cpus_used": "0.5" };
    expect(told(await gathered("slave", agent?.url ?? ""), Object.keys(uses))).toEqual(uses);
  }, 120_000);
});

const isMissing = checkedOut("mesos_exporter") === undefined || goCompiler === undefined;

describe("mesos_exporter", { concurrent: true, skip: isMissing }, () => {
  let program: string;
  beforeAll(async () => {
    program = await built("mesos_exporter", "github.com/mesos/mesos_exporter");
  }, 400_000);

  it("tells the master's and an agent's metrics, state and statistics of tasks", async () => {
    const { services, agents } = cluster.info;
    const [agent] = agents.filter((each) => !each.public);
    const exported = async (...args: string[]): Promise<ReadonlyMap<string, number>> => {
      const port = await freePort();
      const exporter = new Background(program, ["-addr", `127.0.0.1:${port}`, ...args]);
      try {
        const page = await exporter.until("its page", async () => {
          const { status, body } = await ask(`http://127.0.0.1:${port}/metrics`);
          return status === 200 && String(body);
        });
        const lines = page.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
        return new Map(
          lines.map((line) => {
            const at = line.lastIndexOf(" ");
            return [line.slice(0, at), Number(line.slice(at + 1))];
          }),
        );
      } finally {
        await exporter.end();
      }
    };
    const master = await exported("-master", services.kernel);
    const host = new URL(agent?.url ?? "").host;
    expect(master.get("mesos_collector_errors_total")).toBe(0);
    expect(master.get('mesos_master_slaves_state{state="connected_active"}')).toBe(2);
    expect(master.get('mesos_master_task_states_current{state="running"}')).toBe(2);
    expect(master.get(`mesos_slave_cpus_used{slave="slave(1)@${host}"}`)).toBe(0.5);
    const node = await exported("-slave", agent?.url ?? "");
    expect(node.get("mesos_collector_errors_total")).toBe(0);
    expect(node.get('mesos_slave_cpus{type="used"}')).toBe(0.5);
    for (const { id } of app.tasks) {
      const limits = [...node].filter(
        ([name]) => name.startsWith("mesos_agent_cpus_limit{") && name.includes(id),
      );
      expect(limits.map(([, value]) => value)).toEqual([0.25]);
    }
  }, 120_000);
});
