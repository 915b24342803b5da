/** People and what they may do, by the command line: somebody in a group sees and changes what it was granted, and only that. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { exitCodes } from "#clients/cli/exit-codes.ts";
import { environmentOf, keelson } from "../harness/cli.ts";
import { type CommandResult, eventually, run, startCluster, type TestCluster } from "../harness/cluster.ts";
import { createApp, settled } from "../harness/services.ts";

const password = "long enough 1";
const services = "dcos:service:marathon:marathon:services:";
const marathon = "dcos:adminrouter:service:marathon";

let cluster: TestCluster;
let folder = "";

beforeAll(async () => {
  cluster = await startCluster({ agents: 1 });
  for (const id of ["/dev/web", "/ops/db"])
    await createApp(cluster, { id, cmd: "sleep 1000", cpus: 0.01, mem: 16 });
  folder = mkdtempSync(join(tmpdir(), "keelson-people-"));
  const added = await saying(
    `user add alice --description Alice --password-stdin`,
    environmentOf({ KEELSON_DATA_DIR: cluster.dataDir }),
  );
  expect(added).toMatchObject({ code: 0, stdout: expect.stringContaining("alice may log in") });
  const login = `login ${cluster.info.url} -u alice --password-stdin --name alice`;
  expect(await saying(login, alicesEnvironment())).toMatchObject({ code: 0 });
  for (const id of ["/dev/web", "/ops/db"]) await settled(cluster, id);
}, 180_000);
afterAll(async () => {
  await cluster?.purge();
  rmSync(folder, { recursive: true, force: true });
}, 240_000);

/** Where she has her own configuration, and no other cluster. */
const alicesEnvironment = (): NodeJS.ProcessEnv =>
  environmentOf({ KEELSON_CONFIG: join(folder, "config.toml"), KEELSON_CONTEXT: "alice" });

const saying = (line: string, environment: NodeJS.ProcessEnv): Promise<CommandResult> =>
  run("sh", ["-c", `echo '${password}' | ${keelson} ${line}`], environment);

/** As the cluster's owner. */
async function done(...words: string[]): Promise<string> {
  const result = await cluster.cli(...words);
  expect({ words, ...result }).toMatchObject({ words, code: 0 });
  return result.stdout;
}

const asAlice = (...words: string[]): Promise<CommandResult> => run(keelson, words, alicesEnvironment());

/** The first line of a refusal. */
async function refusal(...words: string[]): Promise<string> {
  const { code, stderr } = await asAlice(...words);
  expect({ words, code }).toEqual({ words, code: exitCodes.refused });
  return stderr.split("\n")[0] ?? "";
}

/** The command that a refusal ends with, done by somebody who may. */
async function doAsTold(line: string): Promise<void> {
  const told = /: keelson (permission grant .*)$/.exec(line)?.[1] ?? "";
  await done(...told.split(" "));
}

describe("somebody in a group", () => {
  it("is told which permission is missing and how it is granted, and may then do that alone", async () => {
    expect(await refusal("service", "list")).toContain(
      `alice lacks full on ${marathon}; a superuser grants it: keelson permission grant ${marathon} full --user alice`,
    );
    await done("group", "add", "dev", "--description", "who makes it");
    await done("group", "member", "add", "dev", "alice");
    expect(await done("permission", "grant", marathon, "full", "--group", "dev")).toContain(
      "the group dev: full",
    );
    await done("permission", "grant", `${services}/dev`, "read", "update", "--group", "dev");

    // Services ask for grants again when theirs are five seconds old.
    await eventually("alice sees what she was granted", async () => {
      const { stdout } = await asAlice("service", "list", "-o", "name");
      return stdout.trim() === "/dev/web";
    });
    expect(await asAlice("service", "scale", "dev/web", "2", "--no-wait")).toMatchObject({ code: 0 });
    expect((await settled(cluster, "/dev/web")).instances).toBe(2);
    expect((await asAlice("service", "show", "ops/db")).code).not.toBe(0);
    expect((await asAlice("service", "scale", "ops/db", "2", "--no-wait")).code).not.toBe(0);
    expect((await settled(cluster, "/ops/db")).instances).toBe(1);

    const line = await refusal("service", "remove", "dev/web", "--no-wait", "--yes");
    expect(line).toContain(`alice lacks delete on ${services}/dev/web`);
    await doAsTold(line);
    await eventually("alice may remove it", async () => {
      const { code } = await asAlice("service", "remove", "dev/web", "--no-wait", "--yes");
      return code === exitCodes.ok;
    });
    const nodes = await refusal("node", "list");
    expect(nodes).toContain("alice lacks full on dcos:adminrouter:ops:mesos");
    expect((await asAlice("permission", "grant", marathon, "full", "--user", "alice")).stderr).toMatch(
      /^Refused .*alice (?:lacks full on dcos:adminrouter:acs|is not a superuser)/,
    );
  }, 180_000);

  it("is shown with groups and permissions, to themselves too", async () => {
    const shown = await asAlice("user", "show", "alice");
    expect(shown.stdout).toMatch(/GROUPS +dev/);
    expect(shown.stdout).toMatch(/services:\/dev +read, update +the group dev/);
    const data = JSON.parse(await done("user", "show", "alice", "--json")) as object;
    expect(data).toMatchObject({
      uid: "alice",
      groups: ["dev"],
      permissions: expect.arrayContaining([
        expect.objectContaining({ rid: marathon, actions: ["full"], kind: "group", id: "dev" }),
      ]),
    });
    expect(await done("group", "show", "dev")).toMatch(/MEMBERS +alice/);
    expect((await done("permission", "list", `${services}/dev`, "-o", "name")).trim().split("\n")).toEqual([
      `${services}/dev group:dev`,
      `${services}/dev/web user:alice`,
    ]);
    expect(await done("permission", "list", "--group", "superusers")).toContain("dcos:superuser");
    const chinese = await run(keelson, ["user", "show", "alice"], {
      ...environmentOf({ KEELSON_DATA_DIR: cluster.dataDir }),
      LANG: "zh_CN.UTF-8",
    });
    expect(chinese.stdout).toContain("组 dev");
    expect((await asAlice("user", "list")).code).toBe(exitCodes.refused);
  }, 120_000);

  it("loses what is revoked, and all of it with the membership", async () => {
    expect(await done("permission", "revoke", `${services}/dev`, "update", "--group", "dev")).toContain(
      "no longer update",
    );
    const again = await cluster.cli("permission", "revoke", `${services}/dev`, "update", "--group", "dev");
    expect(again).toMatchObject({
      code: exitCodes.notFound,
      stderr: expect.stringContaining(`${services}/dev (read)`),
    });
    await done("group", "member", "remove", "dev", "alice");
    await eventually("alice is refused", async () => {
      const { stderr } = await asAlice("service", "list");
      return stderr.includes(`alice lacks full on ${marathon}`);
    });
    await done("group", "remove", "dev");
    expect(await done("permission", "list")).not.toContain("the group dev");
    await done("user", "remove", "alice");
    expect(await done("permission", "list")).not.toContain("alice");
    expect(await done("audit", "--json")).toContain('"user.delete"');
  }, 120_000);
});

describe("a slip", () => {
  it.each([
    [["user", "show", "admn"], exitCodes.notFound, "Did you mean `admin`?"],
    [["group", "show", "superuser"], exitCodes.notFound, "Did you mean `superusers`?"],
    [["group", "member", "add", "superusers", "nobody"], exitCodes.notFound, "There is no user nobody."],
    [["group", "member", "remove", "..", "admin"], exitCodes.refused, '".." is no name'],
    [["group", "remove", "superusers"], exitCodes.refused, "superusers"],
    [
      ["permission", "grant", "dcos:adminrouter:op:mesos", "full", "--user", "admin"],
      exitCodes.refused,
      "`dcos:adminrouter:ops:mesos`",
    ],
    [
      ["permission", "grant", "dcos:service:marathon:marathon:services/dev", "read", "--user", "admin"],
      exitCodes.refused,
      `\`${services}/\``,
    ],
    [
      ["permission", "grant", marathon, "reed", "--user", "admin"],
      exitCodes.usage,
      "create, read, update, delete, full. Did you mean `read`?",
    ],
    [["permission", "grant", marathon, "full"], exitCodes.usage, "--user USER, or --group GROUP"],
    [["permission", "grant", marathon, "full", "--group", "superuser"], exitCodes.notFound, "`superusers`"],
    [
      ["permission", "grant", marathon, "full", "--user", "admin", "--read-only"],
      exitCodes.refused,
      "read-only",
    ],
  ] as const)("%j ends with %i and says what was meant", async (words, code, says) => {
    const result = await cluster.cli(...words);
    expect(result).toMatchObject({ code, stderr: expect.stringContaining(says) });
  });

  it("of a resource is taken with --force, and leaves nothing behind without", async () => {
    expect(await done("permission", "list")).not.toContain("op:mesos");
    await done("permission", "grant", "shop:till", "read", "--user", "admin", "--force");
    expect(await done("permission", "list", "--user", "admin", "-o", "name")).toContain("shop:till");
    await done("permission", "revoke", "shop:till", "--user", "admin");
  });
});
