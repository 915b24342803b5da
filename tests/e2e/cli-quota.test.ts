/** How resources are divided, by the command line: roles, frameworks, quota, and why somebody is offered nothing. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { environmentOf, keelson } from "../harness/cli.ts";
import { eventually, run, startCluster, type TestCluster } from "../harness/cluster.ts";
import { createApp, settled } from "../harness/services.ts";

let cluster: TestCluster;
beforeAll(async () => {
  cluster = await startCluster({ agents: 1 });
  await createApp(cluster, { id: "/web", cmd: "sleep 1000", cpus: 0.01, mem: 16 });
  await settled(cluster, "/web");
}, 180_000);
afterAll(() => cluster?.purge(), 240_000);

describe("roles and frameworks", () => {
  it("are listed with what they use", async () => {
    const frameworks = await cluster.cli("framework", "list");
    expect(frameworks).toMatchObject({ code: 0, stdout: expect.stringMatching(/marathon +connected .* 1 /) });
    const roles = await cluster.cli("role", "list");
    expect(roles.stdout).toMatch(/ROLE +WEIGHT +SHARE/);
    expect(roles.stdout).toMatch(/cpus 0\.01, mem 16/);
  });

  it("tell why they are or are not offered something, node by node, in both languages", async () => {
    const english = await cluster.cli("framework", "explain", "marathon");
    expect(english.code).toBe(0);
    expect(english.stdout).toMatch(/^marathon in role .*:\n +\S/);
    expect(english.stdout).toMatch(/share .* % of the role/);
    expect(english.stdout).toMatch(/NODE +CAUSE +FREE/);
    const chinese = await run(keelson, ["framework", "explain", "marathon"], {
      ...environmentOf({ KEELSON_DATA_DIR: cluster.dataDir }),
      LANG: "zh_CN.UTF-8",
    });
    expect(chinese.stdout).toMatch(/角色/);
    expect(await cluster.cli("framework", "explain", "marathn")).toMatchObject({
      code: 3,
      stderr: expect.stringContaining("marathon"),
    });
  });
});

describe("quota", () => {
  it("is set, merged, listed, refused with the reason, and removed", async () => {
    const set = await cluster.cli("quota", "set", "shop", "--limit", "cpus=2,mem=1024");
    expect(set).toMatchObject({ code: 0, stdout: expect.stringContaining("at most cpus 2, mem 1024") });
    expect((await cluster.cli("quota", "set", "shop", "--guarantee", "cpus=0.1")).stdout).toContain(
      "guaranteed cpus 0.1; at most cpus 2, mem 1024",
    );
    expect((await cluster.cli("quota", "set", "shop", "--limit", "mem=none")).code).toBe(0);
    expect((await cluster.cli("quota", "list")).stdout).toMatch(/shop +cpus +0\.1 +2 +0/);
    const refused = await cluster.cli("quota", "set", "shop", "--guarantee", "cpus=5");
    expect(refused.code).not.toBe(0);
    expect(refused.stderr).toContain("the guarantee of 5 cpus is above the limit of 2");
    const much = await cluster.cli("quota", "set", "other", "--guarantee", "cpus=100000");
    expect(much.stderr).toContain("the cluster has");
    expect((await cluster.cli("quota", "set", "shop", "--limit", "lots")).code).toBe(64);
    expect((await cluster.cli("quota", "remove", "shop")).stdout).toContain("no quota any more");
    expect((await cluster.cli("quota", "remove", "shop")).code).not.toBe(0);
    const audit = await cluster.cli("audit", "--json");
    expect(audit.stdout).toContain("quota");
  });

  it("that keeps all for one role is named as the reason why others get nothing", async () => {
    const { stdout } = await cluster.cli("node", "list", "--json");
    const nodes = JSON.parse(stdout) as readonly {
      readonly total: { readonly cpus: number; readonly mem: number };
    }[];
    const sum = (pick: (total: { readonly cpus: number; readonly mem: number }) => number): number =>
      nodes.reduce((all, { total }) => all + pick(total), 0);
    const guarantee = `cpus=${sum(({ cpus }) => cpus)},mem=${sum(({ mem }) => mem)}`;
    expect((await cluster.cli("quota", "set", "greedy", "--guarantee", guarantee)).code).toBe(0);
    await createApp(cluster, { id: "/late", cmd: "sleep 1000", cpus: 0.01, mem: 16 });
    await eventually("it says so", async () =>
      (await cluster.cli("framework", "explain", "marathon")).stdout.includes("quota guarantees"),
    );
    const role = await cluster.cli("role", "explain", "greedy");
    expect(role.stdout).toMatch(/RESOURCE +GUARANTEE/);
    expect(role.stdout).toContain("no framework is subscribed to greedy");
    expect((await cluster.cli("quota", "remove", "greedy")).code).toBe(0);
    await settled(cluster, "/late");
  });
});
