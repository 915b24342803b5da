/**
 * Programs that follow services, unmodified: Prometheus, and load balancers whose configuration others' programs write.
 */
import { generateKeyPairSync } from "node:crypto";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ask, eventually, run, startCluster, type TestCluster } from "../harness/cluster.ts";
import { freePort } from "../harness/ports.ts";
import { createApp, settled } from "../harness/services.ts";
import { Background } from "./background.ts";
import { python, pythonWith } from "./python-packages.ts";
import { checkedOut, haproxy, nginx, prometheus } from "./stranger-tools.ts";

const here = fileURLToPath(new URL(".", import.meta.url));
let cluster: TestCluster;
let scratch: string;

beforeAll(async () => {
  scratch = mkdtempSync(join(tmpdir(), "keelson-watchers-"));
  cluster = await startCluster();
}, 120_000);
afterAll(async () => {
  await cluster.purge();
  rmSync(scratch, { recursive: true, force: true });
});

/** A web server whose only page is its task's id, and which has `metrics`. */
const web = (id: string, more: object = {}): object => ({
  id,
  cmd: "echo $MESOS_TASK_ID > index.html; echo probe 1 > metrics; exec python3 -m http.server $PORT0",
  cpus: 0.01,
  mem: 32,
  instances: 2,
  portDefinitions: [{ port: 0, name: "http" }],
  healthChecks: [{ protocol: "HTTP", path: "/", portIndex: 0, intervalSeconds: 1, gracePeriodSeconds: 60 }],
  ...more,
});

/** The ids of its tasks then, all of them running. */
async function scale(id: string, instances: number): Promise<readonly string[]> {
  const url = `${cluster.info.services.services}/v2/apps/${id}`;
  expect(await ask(url, { method: "PUT", body: { instances } })).toMatchObject({ status: 200 });
  return (await settled(cluster, id)).tasks.map((task) => task.id).sort();
}

/** Upgraded, then with one instance that was killed: the ids of its tasks then. */
async function upgradeAndKill(id: string): Promise<readonly string[]> {
  const url = `${cluster.info.services.services}/v2/apps/${id}`;
  expect(await ask(url, { method: "PUT", body: { mem: 33 } })).toMatchObject({ status: 200 });
  const [task] = (await settled(cluster, id)).tasks;
  expect(await ask(`${url}/tasks/${task?.id}`, { method: "DELETE" })).toMatchObject({ status: 200 });
  return await eventually("another in its place", async () => {
    const ids = (await settled(cluster, id)).tasks.map((each) => each.id).sort();
    return !ids.includes(task?.id ?? "") && ids;
  });
}

async function remove(id: string): Promise<void> {
  const answer = await ask(`${cluster.info.services.services}/v2/apps/${id}`, { method: "DELETE" });
  expect(answer.status).toBe(200);
}

describe("Prometheus", { concurrent: true, skip: !existsSync(prometheus) }, () => {
  interface Target {
    readonly health: string;
    readonly scrapeUrl: string;
    readonly labels: Readonly<Record<string, string>>;
    readonly discoveredLabels: Readonly<Record<string, string>>;
  }

  it("finds instances with their ports and labels, directly and through the door, and follows scaling", async () => {
    const { url: door, token, services, agents } = cluster.info;
    const page = readFileSync(join(here, "../../docs/operating.md"), "utf8");
    // As the page has it, but for where the door is and how often it is asked. It keeps ports with a label.
    const documented = (/^```yaml\n(scrape_configs:[\s\S]*?)^```$/m.exec(page)?.[1] ?? "")
      .replace("http://127.0.0.1:8800", door)
      .replace("TOKEN", `"${token}"\n        refresh_interval: 1s`);
    const direct = `  - job_name: direct\n    marathon_sd_configs: [{ servers: ["${services.services}"], refresh_interval: 1s }]\n`;
    const known = (job: string, url: string, path: string): string =>
      `  - job_name: ${job}\n    metrics_path: ${path}\n    static_configs: [{ targets: ["${new URL(url).host}"] }]\n`;
    const configuration = join(scratch, "prometheus.yml");
    writeFileSync(
      configuration,
      `global: { scrape_interval: 1s }\n${[
        documented,
        direct,
        known("kernel", services.kernel, "/metrics"),
        known("agent", agents[0]?.url ?? "", "/metrics"),
        known("own", services.services, "/metrics/prometheus"),
      ].join("")}`,
      { mode: 0o600 },
    );
    await createApp(
      cluster,
      web("/watched/web", {
        labels: { team: "blue" },
        portDefinitions: [
          { port: 0, name: "http", labels: { metrics: "here" } },
          { port: 0, name: "admin" },
        ],
      }),
    );
    await settled(cluster, "/watched/web");
    const port = await freePort();
    const program = new Background(prometheus, [
      `--config.file=${configuration}`,
      `--storage.tsdb.path=${join(scratch, "series")}`,
      `--web.listen-address=127.0.0.1:${port}`,
    ]);
    const targets = async (): Promise<readonly Target[]> => {
      const { body } = await ask(`http://127.0.0.1:${port}/api/v1/targets?state=active`);
      return (body as { readonly data: { readonly activeTargets: readonly Target[] } }).data.activeTargets;
    };
    const watched = async (job: string): Promise<readonly Target[]> =>
      (await targets()).filter(
        ({ labels, discoveredLabels: told }) =>
          labels["job"] === job && told["__meta_marathon_app"] === "/watched/web",
      );
    const isUp = ({ health, discoveredLabels }: Target): boolean =>
      health === "up" && discoveredLabels["__meta_marathon_port_index"] === "0";
    try {
      for (const [instances, change] of [
        [2, scale],
        [3, scale],
        [1, scale],
        [1, upgradeAndKill],
      ] as const) {
        const ids = await change("/watched/web", instances);
        for (const [job, ports] of [
          ["direct", 2],
          ["services", 1],
        ] as const) {
          // Of the two ports of each instance it is the first that has metrics.
          const seen = await program.until(`${job}: ${ports} ports of ${ids.join()}`, async () => {
            const all = await watched(job);
            const tasks = new Set(all.map(({ discoveredLabels: told }) => told["__meta_marathon_task"]));
            const isWhole = all.length === ports * instances && all.filter(isUp).length === instances;
            return isWhole && [...tasks].sort().join() === ids.join() && all;
          });
          expect(seen.find(isUp)?.discoveredLabels).toMatchObject({
            __meta_marathon_app: "/watched/web",
            __meta_marathon_app_label_team: "blue",
            __meta_marathon_port_definition_label_metrics: "here",
          });
        }
      }
      await remove("/watched/web");
      for (const job of ["direct", "services"])
        await program.until(`${job}: nothing of what is gone`, async () => (await watched(job)).length === 0);
      for (const job of ["kernel", "agent", "own"])
        await program.until(`${job} is scraped`, async () =>
          (await targets()).find(({ labels, health }) => labels["job"] === job && health === "up"),
        );
    } finally {
      await program.end();
    }
  }, 180_000);
});

/** Each of these tasks, and no other, answers at the address, time and again. */
async function answered(
  program: Background,
  port: number,
  host: string,
  tasks: readonly string[],
): Promise<void> {
  await program.until(`${host} is answered by ${tasks.length} instances`, async () => {
    const seen = new Set<string>();
    for (let count = 0; count < 4 * tasks.length; count += 1) {
      // A browser's rules let no header of this name through `fetch`.
      const { stdout } = await run("curl", [
        "-sS",
        "-m",
        "5",
        "-H",
        `Host: ${host}`,
        `http://127.0.0.1:${port}/`,
      ]);
      seen.add(stdout.trim());
    }
    return [...seen].sort().join() === tasks.join();
  });
}

describe("marathon-proxy-manager with nginx", {
  concurrent: true,
  skip: !existsSync(nginx) || !existsSync(python),
}, () => {
  const packages = [
    "marathon-proxy-manager==0.1.5",
    "marathon==0.13.0",
    "requests==2.31.0",
    "requests-toolbelt==1.0.0",
    "urllib3",
    "idna",
    "certifi",
    "charset-normalizer",
    "Jinja2==3.1.6",
    "MarkupSafe",
  ];
  let interpreter: string;
  beforeAll(async () => {
    interpreter = await pythonWith("marathon-proxy-manager", packages, { isOld: true });
  }, 300_000);

  it("writes from apps and tasks what nginx balances by", async () => {
    const folder = mkdtempSync(join(scratch, "nginx-"));
    const port = await freePort();
    for (const name of ["sites-available", "sites-enabled", "templates"]) mkdirSync(join(folder, name));
    // Its own listens at port 80.
    const template = join(folder, "templates/any-port.tmpl");
    const servers = "{% for task in tasks %}server {{task.host}}:{{task.ports[0]}};{% endfor %}";
    writeFileSync(
      template,
      `upstream {{app.id[1:]}} { ${servers} }\nserver { listen 127.0.0.1:${port}; server_name {{app.id[1:]}}.{{domain}}; location / { proxy_pass http://{{app.id[1:]}}; } }\n`,
    );
    const paths = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map(
      (each) => `${each}_temp_path ${folder};`,
    );
    const configuration = join(folder, "nginx.conf");
    writeFileSync(
      configuration,
      `daemon off; error_log stderr; pid ${folder}/pid; events {}\nhttp { access_log off; ${paths.join(" ")} include ${folder}/sites-enabled/*; }\n`,
    );
    const write = async (): Promise<void> => {
      const { code, stderr } = await run(interpreter, [
        join(here, "marathon-proxy-manager/run.py"),
        ...["--marathon-url", cluster.info.services.services, "--conf-dir", folder, "--domain", "example"],
        ...["--template-dir", dirname(template), "--template-name", "any-port.tmpl"],
        ...["--apps", "balanced", "--override", "--delete-unused"],
      ]);
      expect({ code, stderr: code === 0 ? "" : stderr }).toEqual({ code: 0, stderr: "" });
    };
    await createApp(cluster, web("/balanced"));
    let tasks: readonly string[] = (await settled(cluster, "/balanced")).tasks.map((task) => task.id).sort();
    await write();
    const program = new Background(nginx, ["-p", folder, "-c", configuration]);
    try {
      await answered(program, port, "balanced.example", tasks);
      for (const instances of [3, 1]) {
        tasks = await scale("/balanced", instances);
        await write();
        program.signal("SIGHUP");
        await answered(program, port, "balanced.example", tasks);
      }
      await ask(`${cluster.info.services.services}/v2/apps//balanced`, { method: "DELETE" });
      await write();
      expect(existsSync(join(folder, "sites-enabled/balanced"))).toBe(false);
    } finally {
      await program.end();
    }
  }, 180_000);
});

const marathonLb = checkedOut("marathon-lb");
const isHere = marathonLb !== undefined && existsSync(haproxy) && existsSync(python);

describe("marathon-lb with haproxy", { concurrent: true, skip: !isHere }, () => {
  const packages = [
    "requests==2.31.0",
    "urllib3",
    "idna",
    "certifi",
    "charset-normalizer",
    "PyJWT==1.7.1",
    "cryptography",
    "cffi",
    "pycparser",
    "pycurl",
    "python-dateutil",
    "six",
  ];
  let interpreter: string;
  beforeAll(async () => {
    interpreter = await pythonWith("marathon-lb", packages);
  }, 300_000);

  /** What marathon-lb takes as the account of a service, with the right to see all services and to hear events. */
  async function account(): Promise<string> {
    const { url, token } = cluster.info;
    const { publicKey, privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
    const put = async (path: string, body?: object): Promise<void> => {
      const headers = { authorization: `token=${token}` };
      const { status } = await ask(`${url}/acs/api/v1/${path}`, { method: "PUT", headers, body });
      expect({ path, isDone: status < 300 || status === 409 }).toEqual({ path, isDone: true });
    };
    await put("users/balancer", { public_key: publicKey.export({ type: "spki", format: "pem" }) });
    for (const [resource, action] of [
      ["dcos:adminrouter:service:marathon", "full"],
      ["dcos:service:marathon:marathon:services:%252F", "read"],
      ["dcos:service:marathon:marathon:admin:events", "read"],
    ]) {
      await put(`acls/${resource}`, { description: "what a load balancer may" });
      await put(`acls/${resource}/users/balancer/${action}`);
    }
    return JSON.stringify({
      uid: "balancer",
      scheme: "RS256",
      private_key: privateKey.export({ type: "pkcs8", format: "pem" }),
      login_endpoint: `${url}/acs/api/v1/auth/login`,
    });
  }

  it.each(["directly", "through the door with a service account"])(
    "follows events %s",
    async (way) => {
      const isByDoor = way !== "directly";
      const name = isByDoor ? "edge" : "inner";
      const folder = mkdtempSync(join(scratch, "haproxy-"));
      const ports = await Promise.all([freePort(), freePort(), freePort(), freePort()]);
      const [port = 0, secure = 0, byApp = 0, own = 0] = ports;
      const front = (name: string, at: number): string =>
        `\nfrontend ${name}\n  bind 127.0.0.1:${at}\n  mode http\n`;
      const configuration = join(folder, "haproxy.cfg");
      const pidFile = join(folder, "pid");
      const reload = join(folder, "reload.sh");
      writeFileSync(reload, `kill -USR2 $(cat ${pidFile})\n`);
      await createApp(
        cluster,
        web(`/${name}`, {
          labels: { HAPROXY_GROUP: name, HAPROXY_0_VHOST: `${name}.example` },
          portDefinitions: [{ port: own, name: "http" }],
        }),
      );
      const tasks = (await settled(cluster, `/${name}`)).tasks.map((task) => task.id).sort();
      const address = isByDoor ? `${cluster.info.url}/service/marathon` : cluster.info.services.services;
      const writer = new Background(
        interpreter,
        [
          join(marathonLb ?? "", "marathon_lb.py"),
          ...["--marathon", address, "--group", name, "--sse", "--health-check"],
          ...["--haproxy-config", configuration, "--syslog-socket", "/dev/null"],
          ...["--command", `sh ${reload}`, "--reload-interval", "1"],
        ],
        {
          cwd: folder,
          env: {
            // Its own ports are those of a whole machine.
            HAPROXY_HEAD: `global\n  stats socket ${folder}/socket expose-fd listeners\ndefaults\n  timeout connect 3s\n  timeout client 30s\n  timeout server 30s\n`,
            HAPROXY_HTTP_FRONTEND_HEAD: front("marathon_http_in", port),
            HAPROXY_HTTPS_FRONTEND_HEAD: front("marathon_https_in", secure),
            HAPROXY_HTTP_FRONTEND_APPID_HEAD: front("marathon_http_appid_in", byApp),
            ...(isByDoor ? { DCOS_SERVICE_ACCOUNT_CREDENTIAL: await account() } : {}),
          },
        },
      );
      let program: Background | undefined;
      try {
        await writer.until("a configuration", () => existsSync(configuration));
        program = new Background(haproxy, ["-W", "-f", configuration]);
        // Not before it takes signals: the writer tries to reload until it can.
        await program.until("its socket", () => existsSync(join(folder, "socket")));
        writeFileSync(pidFile, String(program.pid));
        await answered(program, port, `${name}.example`, tasks);
        await answered(program, own, "any.example", tasks);
        for (const instances of [3, 1])
          await answered(program, port, `${name}.example`, await scale(`/${name}`, instances));
        await answered(program, port, `${name}.example`, await upgradeAndKill(`/${name}`));
        await remove(`/${name}`);
        await writer.until(
          "nothing of what is gone",
          () => !readFileSync(configuration, "utf8").includes(`${name}.example`),
        );
      } finally {
        await writer.end();
        await program?.end();
      }
    },
    180_000,
  );
});
