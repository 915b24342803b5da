/** Apps, pods and jobs whose containers are of images, on a real cluster with a registry beside it. */
import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Reason } from "#contracts/services/reasons.ts";
import { ask, eventually, startCluster, type TestCluster } from "../../harness/cluster.ts";
import { HeldRegistry, largeLayer } from "../../harness/held-registry.ts";
import { JobsApi, TaskFiles } from "../../harness/jobs.ts";
import { Registry } from "../../harness/registry.ts";
import { createApp, settled } from "../../harness/services.ts";

const isRoot = process.getuid?.() === 0;
const files = new TaskFiles();
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
  cluster = await startCluster({ agents: 1 });
}, 180_000);
afterAll(async () => {
  await cluster?.purge();
  await registry?.close();
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
});
