import { existsSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ask, eventually, startCluster, type TestCluster } from "../harness/cluster.ts";
import { getApp, pidsOfApp, pidsOfTask, settled } from "../harness/services.ts";

let cluster: TestCluster;

beforeAll(async () => {
  cluster = await startCluster();
}, 240_000);
afterAll(() => cluster.purge());

describe("the first minutes", () => {
  it("up --json names every address and process", () => {
    expect(cluster.info.services.kernel).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
    expect(Object.keys(cluster.info.pids).sort()).toEqual([
      "agent-0",
      "agent-1",
      "frameworks",
      "kernel",
      "platform",
    ]);
    expect(cluster.info.agents.map((agent) => agent.public)).toEqual([false, true]);
    expect(cluster.info.token.length).toBeGreaterThan(20);
  });

  it("both agents register", async () => {
    const agents = await eventually("two agents", async () => {
      const { body } = await ask(`${cluster.info.services.kernel}/slaves`);
      const { slaves } = body as { readonly slaves: readonly { readonly active: boolean }[] };
      return slaves.length === 2 && slaves;
    });
    expect(agents.every(({ active }) => active)).toBe(true);
  });

  it("demo answers a page, and a second time shows where it is", async () => {
    const first = await cluster.cli("demo", "--json");
    expect(first.stderr).toBe("");
    const { url, status } = JSON.parse(first.stdout) as { readonly url: string; readonly status: number };
    expect(status).toBe(200);
    expect(await (await fetch(url)).text()).toContain("It runs.");
    expect(JSON.parse((await cluster.cli("demo", "--json")).stdout)).toMatchObject({ url, status: 200 });
  });

  it("status, node, service, task and why speak tables and JSON", async () => {
    await settled(cluster, "/demo");
    for (const command of [
      "status",
      "node list",
      "service list",
      "service show demo",
      "task list",
      "why demo",
    ]) {
      const table = await cluster.cli(...command.split(" "));
      expect({ command, code: table.code, stderr: table.stderr }).toEqual({ command, code: 0, stderr: "" });
      expect(table.stdout.length).toBeGreaterThan(10);
      const json = await cluster.cli(...command.split(" "), "--json");
      expect(() => JSON.parse(json.stdout)).not.toThrow();
    }
  }, 120_000);

  it("a service is added, scaled, updated, restarted and removed from the command line", async () => {
    const add = await cluster.cli(
      "service",
      "add",
      "web/hello",
      "--cmd",
      "echo first; exec sleep 1000",
      "--cpus",
      "0.1",
      "--mem",
      "32",
    );
    expect({ code: add.code, out: add.stdout }).toEqual({ code: 0, out: "/web/hello: 1/1 running\n" });
    expect((await cluster.cli("service", "scale", "web/hello", "3")).stdout).toBe(
      "/web/hello: 3/3 running\n",
    );
    const before = (await getApp(cluster, "/web/hello")).tasks.map(({ id }) => id);
    expect((await cluster.cli("service", "update", "web/hello", "mem=40")).code).toBe(0);
    const after = (await settled(cluster, "/web/hello")).tasks.map(({ id }) => id);
    expect(after.filter((id) => before.includes(id))).toEqual([]);
    expect((await cluster.cli("service", "restart", "web/hello")).code).toBe(0);
    const logs = await cluster.cli("service", "logs", "web/hello");
    expect(logs.stdout).toContain("first");
    const task = (await settled(cluster, "/web/hello")).tasks[0]?.id ?? "";
    expect((await cluster.cli("task", "log", task)).stdout).toBe("first\n");
    expect((await cluster.cli("task", "ls", task)).stdout).toContain("stdout");
    expect((await cluster.cli("service", "remove", "web/hello")).stdout).toBe("/web/hello is gone.\n");
    await eventually("its processes are gone", () => pidsOfApp("/web/hello").length === 0);
  }, 120_000);

  it("why names the shortage of a service larger than the cluster", async () => {
    await cluster.cli("service", "add", "huge", "--cmd", "sleep 1", "--cpus", "1000", "--no-wait");
    const why = await eventually("the cause is told", async () => {
      const { stdout } = await cluster.cli("why", "huge");
      return stdout.includes("1000 CPUs") && stdout;
    });
    expect(why).toMatch(/^no node is large enough/);
    expect(why).toContain("/huge: 0 of 1 running");
    await cluster.cli("service", "remove", "huge");
  });

  it("mistakes on the command line are sentences, never stack traces", async () => {
    for (const words of [
      ["service", "show", "nothing"],
      ["service", "scale", "demo", "many"],
      ["task", "log", "nothing"],
      ["service", "add"],
    ]) {
      const { code, stderr } = await cluster.cli(...words);
      expect(code).not.toBe(0);
      expect(stderr).not.toMatch(/\n\s+at /);
      expect(stderr.length).toBeGreaterThan(10);
    }
  });

  it("Chinese shells are answered in Chinese", async () => {
    const { stdout } = await cluster.cli("status");
    expect(stdout).toContain("agents active");
  });

  it("Ctrl-C leaves tasks running, and the next start finds them", async () => {
    const before = await settled(cluster, "/demo");
    // By task: other clusters of this machine have a demo too.
    const ids = before.tasks.map(({ id }) => id);
    const pids = ids.flatMap(pidsOfTask);
    expect(pids).not.toEqual([]);
    await cluster.stop();
    expect(pids.every((pid) => existsSync(`/proc/${pid}`))).toBe(true);
    await cluster.start();
    const after = await settled(cluster, "/demo");
    expect(after.tasks.map(({ id }) => id)).toEqual(ids);
    expect(ids.flatMap(pidsOfTask)).toEqual(pids);
  });
});
