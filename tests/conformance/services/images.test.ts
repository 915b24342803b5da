/** Apps, pods and jobs whose containers are of images, or have volumes of plugins, on a real cluster with a registry beside it. */
import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Reason } from "#contracts/services/reasons.ts";
import { ask, eventually, startCluster, type TestCluster } from "../../harness/cluster.ts";
import { CsiPlugin } from "../../harness/csi-plugin.ts";
import { HeldRegistry, largeLayer } from "../../harness/held-registry.ts";
import { JobsApi, TaskFiles } from "../../harness/jobs.ts";
import { Registry } from "../../harness/registry.ts";
import { createApp, pidsOfApp, settled } from "../../harness/services.ts";
import { hasVolumePlugin, VolumePlugin } from "../../harness/volume-plugin.ts";
import { goProgram } from "../../interop/stranger-tools.ts";

const isRoot = process.getuid?.() === 0;
const csiDriver = isRoot ? await goProgram("csi-driver") : undefined;
const files = new TaskFiles();
const csi = new CsiPlugin();
const plugin = new VolumePlugin({ csi_plugin_config_dir: csi.configDir });
let registry: Registry;
let cluster: TestCluster;
let image: string;
beforeAll(async () => {
  registry = await Registry.start();
  const serve =
    '#!/bin/sh\necho "$MARATHON_APP_DOCKER_IMAGE" > /tmp/image\nexec httpd -f -p "$PORT" -h "${1:-/www}"\n';
  image = await registry.push(
    "shop/web:1",
    [{ "www/index.html": "hello from an image\n", serve: { mode: 0o755, text: serve } }],
    { Entrypoint: ["/serve"], Env: ["PATH=/bin"] },
  );
  if (hasVolumePlugin) await plugin.start();
  if (csiDriver !== undefined) await csi.start(csiDriver);
  cluster = await startCluster({ agents: 1, flags: ["--agent-flags", plugin.agentFlags] });
}, 180_000);
afterAll(async () => {
  await cluster?.purge();
  await registry?.close();
  await plugin.close();
  await csi.close();
  files.remove();
});

const small = { cpus: 0.1, mem: 32 };

/** What the task at that port says, once it does. */
const said = (port: number | undefined, path: string): Promise<string> =>
  eventually(
    `port ${port} answers`,
    async () => {
      const answer = await fetch(`http://127.0.0.1:${port}${path}`);
      return answer.ok && answer.text();
    },
    60_000,
  );

describe.skipIf(!isRoot)("images", { timeout: 180_000 }, () => {
  it("an app of type MESOS or DOCKER runs from the image it names, and is shown with it", async () => {
    await createApp(cluster, { id: "/mesos", ...small, container: { type: "MESOS", docker: { image } } });
    await createApp(cluster, {
      id: "/docker",
      ...small,
      args: ["/tmp"],
      container: { type: "DOCKER", docker: { image } },
    });
    const mesos = await settled(cluster, "/mesos", 60_000);
    const docker = await settled(cluster, "/docker", 60_000);
    expect(await said(mesos.tasks[0]?.ports[0], "/")).toBe("hello from an image\n");
    expect(await said(docker.tasks[0]?.ports[0], "/image")).toBe(`${image}\n`);
    const { body } = await ask(`${cluster.info.services.services}/v2/apps/docker`);
    expect(body).toHaveProperty("app.container", {
      type: "DOCKER",
      docker: { image, forcePullImage: false, privileged: false, parameters: [] },
      volumes: [],
    });
  });

  it("a container of a pod runs from the image it names, beside one that has none", async () => {
    const { status, body } = await ask(`${cluster.info.services.services}/v2/pods`, {
      method: "POST",
      body: {
        id: "/pod",
        containers: [
          {
            name: "web",
            resources: { cpus: 0.1, mem: 32 },
            image: { kind: "DOCKER", id: image },
            endpoints: [{ name: "web", hostPort: 0 }],
            exec: {
              command: { shell: "echo beside > shared/page; exec httpd -f -p $ENDPOINT_WEB -h $PWD/shared" },
            },
            volumeMounts: [{ name: "shared", mountPath: "shared" }],
          },
          {
            name: "plain",
            resources: { cpus: 0.1, mem: 32 },
            exec: { command: { shell: "exec sleep 100000" } },
          },
        ],
        volumes: [{ name: "shared" }],
      },
    });
    expect([status, body]).toEqual([201, expect.anything()]);
    const port = await eventually(
      "the pod is stable",
      async () => {
        const { body: shown } = await ask(`${cluster.info.services.services}/v2/pods/pod::status`);
        const pod = shown as {
          readonly status: string;
          readonly instances: readonly {
            readonly containers: readonly {
              readonly endpoints?: readonly { readonly allocatedHostPort?: number }[];
            }[];
          }[];
        };
        const ports = (pod.instances[0]?.containers ?? []).flatMap(({ endpoints = [] }) => endpoints);
        return pod.status === "STABLE" && ports[0]?.allocatedHostPort;
      },
      60_000,
    );
    expect(await said(port, "/page")).toBe("beside\n");
  });

  it("an app whose image can't be had says so", async () => {
    const name = `${registry.host}/shop/nothing:7`;
    await createApp(cluster, {
      id: "/lost",
      ...small,
      container: { type: "MESOS", docker: { image: name } },
    });
    const failure = await eventually(
      "the failure is known",
      async () => {
        const { body } = await ask(
          `${cluster.info.services.services}/v2/apps/lost?embed=app.lastTaskFailure`,
        );
        return (body as { readonly app: { readonly lastTaskFailure?: { readonly message: string } } }).app
          .lastTaskFailure;
      },
      60_000,
    );
    expect(failure.message).toContain(`Failed to pull image ${name}`);
    await ask(`${cluster.info.services.services}/v2/apps/lost`, { method: "DELETE" });
  });

  it("while an image comes, whoever asks why an app, its deployment, a job or its run waits is told how much is there", async () => {
    const { services, jobs: jobsUrl } = cluster.info.services;
    const held = await HeldRegistry.start(registry.host);
    try {
      await registry.push("shop/large:1", [largeLayer()], { Env: ["PATH=/bin"] });
      const large = `${held.host}/shop/large:1`;
      const cmd = "exec sleep 100000";
      const jobs = new JobsApi(jobsUrl);
      await jobs.create("large", { cmd: "true", docker: { image: large } });
      const [deployment, run] = [
        await createApp(cluster, {
          id: "/large",
          ...small,
          cmd,
          container: { type: "MESOS", docker: { image: large } },
        })
          .then(() => ask(`${services}/v2/deployments`))
          .then(({ body }) => (body as readonly { readonly id: string }[])[0]?.id),
        (await jobs.start("large")).id,
      ];
      const asked = [
        `${services}/keelson/v1/why?name=/large`,
        `${services}/keelson/v1/why?name=${deployment}`,
        `${jobsUrl}/keelson/v1/why?name=large`,
        `${jobsUrl}/keelson/v1/why?name=${run}`,
      ];
      for (const url of asked) {
        const reason = await eventually(
          `${url} tells how much is there`,
          async () => {
            const { reasons } = (await ask(url)).body as { readonly reasons: readonly Reason[] };
            const pulling = reasons.find(({ code }) => code === "pullingImage");
            return Number(pulling?.parameters["done"] ?? 0) > 0 && pulling;
          },
          60_000,
        );
        const { done, total } = reason.parameters;
        expect(reason.parameters).toMatchObject({ image: large, phase: "fetching" });
        expect(Number(done)).toBeLessThan(Number(total));
        expect(reason.message).toContain(`pulling ${large}, ${done} of ${total} MiB`);
      }
      held.release();
      await settled(cluster, "/large");
      expect(await jobs.ended("large")).toMatchObject({ successCount: 1, failureCount: 0 });
      expect((await ask(asked[0] ?? "")).body).toMatchObject({ isAsWished: true });
    } finally {
      held.close();
    }
  });

  it("metronome.md§8#29 jobs with docker and with ucr run their images, whose output is theirs", async () => {
    const jobs = new JobsApi(cluster.info.services.jobs);
    const volumes = [{ containerPath: "/out", hostPath: files.path(""), mode: "RW" }];
    const cmd = (name: string): string =>
      `cat /www/index.html > /out/${name}; test ! -e /var && echo alone >> /out/${name}`;
    await jobs.create("by-docker", { cmd: cmd("docker"), docker: { image }, volumes });
    await jobs.create("by-ucr", { cmd: cmd("ucr"), ucr: { image: { id: image } }, volumes });
    for (const [id, name] of [
      ["by-docker", "docker"],
      ["by-ucr", "ucr"],
    ] as const) {
      await jobs.start(id);
      expect(await jobs.ended(id)).toMatchObject({ successCount: 1, failureCount: 0 });
      expect(readFileSync(files.path(name), "utf8")).toBe("hello from an image\nalone\n");
    }
  });

  it("parameters of docker run do what they say", async () => {
    const jobs = new JobsApi(cluster.info.services.jobs);
    const volumes = [{ containerPath: "/out", hostPath: files.path(""), mode: "RW" }];
    const say = (pairs: Readonly<Record<string, string>>) =>
      Object.entries(pairs).map(([key, value]) => ({ key, value }));
    const own = say({
      "shm-size": "16m",
      ulimit: "nofile=77:77",
      "add-host": "db:10.0.0.7",
      dns: "10.0.0.2",
      tmpfs: "/scratch:size=1m",
      device: "/dev/null:/dev/nothing",
      name: "by-name",
      restart: "always",
    });
    const look =
      "{ df -m /dev/shm | tail -1 | awk '{print $2}'; ulimit -n; grep db /etc/hosts; grep nameserver /etc/resolv.conf; " +
      "df -m /scratch | tail -1 | awk '{print $2}'; test -c /dev/nothing && echo device; } > /out/own 2>&1";
    const machines = say({ pid: "host", ipc: "host", uts: "host", privileged: "true" });
    const names = ["pid", "ipc", "uts"];
    const namespaces = `for name in ${names.join(" ")}; do readlink /proc/self/ns/$name; done > /out/machines 2>&1`;
    await jobs.create("own", { cmd: look, docker: { image, parameters: own }, volumes });
    await jobs.create("machines", { cmd: namespaces, docker: { image, parameters: machines }, volumes });
    for (const id of ["own", "machines"]) await jobs.start(id);
    for (const id of ["own", "machines"])
      expect(await jobs.ended(id)).toMatchObject({ successCount: 1, failureCount: 0 });
    expect(readFileSync(files.path("own"), "utf8")).toBe(
      "16\n77\n10.0.0.7\tdb\nnameserver 10.0.0.2\n1\ndevice\n",
    );
    expect(readFileSync(files.path("machines"), "utf8")).toBe(
      names.map((name) => `${readlinkSync(`/proc/self/ns/${name}`)}\n`).join(""),
    );
  });
});

const url = (): string => cluster.info.services.services;

/** Of an app that does not start; it is deleted then. */
async function tellsWhy(id: string, code: Reason["code"], text: string): Promise<void> {
  const reason = await eventually(
    `${id} tells why`,
    async () => {
      const { reasons } = (await ask(`${url()}/keelson/v1/why?name=${id}`)).body as {
        readonly reasons: readonly Reason[];
      };
      return reasons.find((each) => each.code === code);
    },
    60_000,
  );
  expect(reason.message).toContain(text);
  await ask(`${url()}/v2/apps${id}`, { method: "DELETE" });
}

describe.skipIf(!hasVolumePlugin)("external volumes", { timeout: 180_000 }, () => {
  const external = (name: string, options: object = plugin.options) => ({
    container: {
      volumes: [{ containerPath: "data", mode: "RW", external: { provider: "dvdi", name, options } }],
    },
  });
  /** How many runs are noted where the plugin keeps the data. */
  const runs = (): number => readdirSync(plugin.dataDir).length;
  const cmd = "echo run > data/$MESOS_TASK_ID; ls data; exec sleep 100000";

  it("marathon.md§3.1 a volume of a plugin that others wrote keeps its data, is mounted while an instance has it, and is one app's", async () => {
    await createApp(cluster, { id: "/keeps", ...small, cmd, ...external("shop") });
    await settled(cluster, "/keeps", 60_000);
    await eventually("the first run was noted", async () => runs() === 1);
    expect(plugin.mounted()).toEqual(["shop"]);
    const taken = await ask(`${url()}/v2/apps`, {
      method: "POST",
      body: { id: "/late", cmd, ...external("shop") },
    });
    expect(taken).toMatchObject({ status: 422 });
    expect(JSON.stringify(taken.body)).toContain(
      "Volume name 'shop' in /late conflicts with volume(s) of same name in app(s): /keeps",
    );
    // Its container ends while nobody is there to see it.
    cluster.kill("agent-0");
    for (const pid of pidsOfApp("/keeps")) process.kill(pid, "SIGKILL");
    await eventually("it runs again on the same data", async () => runs() === 2, 60_000);
    const { tasks } = await settled(cluster, "/keeps", 60_000);
    const seen = await cluster.cli("task", "log", tasks[0]?.id ?? "");
    expect(seen.stdout.match(/keeps\.instance/g)).toHaveLength(2);
    expect(plugin.mounted()).toEqual(["shop"]);
    await ask(`${url()}/v2/apps/keeps`, { method: "DELETE" });
    await eventually("nothing is mounted", async () => plugin.mounted().length === 0, 60_000);
    expect(runs()).toBe(2);
  });

  it("what a plugin says, and that there is none, is told to whoever asks why", async () => {
    const asked = [
      [
        "/unmade",
        { "dvdi/driver": "rclone", "dvdi/type": "nothing" },
        "volumeFailed",
        "plugin rclone, VolumeDriver.",
      ],
      [
        "/unheard",
        { "dvdi/driver": "absent" },
        "volumePluginMissing",
        `no volume plugin absent (${plugin.pluginDir})`,
      ],
    ] as const;
    for (const [id, options] of asked)
      await createApp(cluster, { id, ...small, cmd, ...external(id.slice(1), options) });
    for (const [id, , code, text] of asked) await tellsWhy(id, code, text);
  });
});

describe.skipIf(csiDriver === undefined)("volumes of CSI plugins", { timeout: 180_000 }, () => {
  const external = (name: string, secret: string, options: object = {}, mode = "RW") => ({
    container: {
      volumes: [
        {
          containerPath: "data",
          mode,
          external: {
            provider: "csi",
            name,
            options: {
              pluginName: csi.type,
              capability: { accessType: "mount", accessMode: "MULTI_NODE_SINGLE_WRITER" },
              nodeStageSecret: { key: secret },
              nodePublishSecret: { key: secret },
              ...options,
            },
          },
        },
      ],
    },
  });

  it("marathon.md§3.1 a volume of a CSI plugin keeps its data, has readers beside its writer, and is given back after the last", async () => {
    csi.create("shop");
    for (const [name, value] of [
      ["csi-key", csi.key],
      ["csi-wrong", "closed"],
    ] as const)
      expect(await cluster.cli("secret", "create", name, "--value", value)).toMatchObject({ code: 0 });
    const cmd = "echo run > data/$MESOS_TASK_ID; exec sleep 100000";
    await createApp(cluster, { id: "/writes", ...small, cmd, ...external("shop", "csi-key") });
    const look = "touch data/mine; ls data; exec sleep 100000";
    await createApp(cluster, { id: "/reads", ...small, cmd: look, ...external("shop", "csi-key", {}, "RO") });
    await createApp(cluster, { id: "/locked", ...small, cmd, ...external("shop", "csi-wrong", {}, "RO") });
    await createApp(cluster, {
      id: "/alone",
      ...small,
      cmd,
      ...external("own", "csi-key", { pluginName: "away" }),
    });
    await settled(cluster, "/writes", 60_000);
    await settled(cluster, "/reads", 60_000);
    await tellsWhy("/locked", "volumeFailed", `plugin ${csi.type}, NodeStageVolume: the key is wrong`);
    await tellsWhy("/alone", "volumePluginMissing", `no volume plugin away (${csi.configDir})`);
    await eventually("the first run was noted", async () => csi.filesOf("shop").length === 1);
    // Staged once, published for the one and for the other.
    expect(csi.mounts()).toBe(3);
    cluster.kill("agent-0");
    for (const pid of pidsOfApp("/writes")) process.kill(pid, "SIGKILL");
    await eventually("it runs again on the same data", async () => csi.filesOf("shop").length === 2, 60_000);
    expect(csi.filesOf("shop").every((file) => file.startsWith("writes.instance"))).toBe(true);
    for (const id of ["/writes", "/reads"]) await ask(`${url()}/v2/apps${id}`, { method: "DELETE" });
    await eventually("nothing is mounted", async () => csi.mounts() === 0, 60_000);
    expect(csi.filesOf("shop")).toHaveLength(2);
  });
});
