/** Every command of the registry on a real cluster: every output of every read, and odd arguments for all. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { exitCodes } from "#clients/cli/exit-codes.ts";
import { allCommands, commands } from "#clients/cli/registry/registry.ts";
import { errorStatus } from "#contracts/errors.ts";
import { runLines, startCli } from "../harness/cli.ts";
import { startCluster, type TestCluster } from "../harness/cluster.ts";
import { settled } from "../harness/services.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
let cluster: TestCluster;
let folder = "";
let environment: Record<string, string> = {};

beforeAll(async () => {
  cluster = await startCluster();
  folder = mkdtempSync(join(tmpdir(), "keelson-cli-tree-"));
  environment = { KEELSON_DATA_DIR: cluster.dataDir, HOME: folder };
  writeFileSync(
    join(folder, "web.json"),
    JSON.stringify({ id: "/web", cmd: "sleep 1000", cpus: 0.01, mem: 16 }),
  );
  const applied = await cluster.cli("apply", "-f", join(folder, "web.json"));
  expect(applied).toMatchObject({ code: 0 });
  await cluster.cli(
    "job",
    "add",
    "tidy",
    "--cmd",
    "true",
    "--cpus",
    "0.01",
    "--mem",
    "32",
    "--cron",
    "0 3 * * *",
  );
  await cluster.cli("secret", "create", "shop/database", "--value", "open sesame");
  await cluster.cli("service", "add", "waiting", "--cmd", "sleep 1", "--cpus", "1000", "--no-wait");
}, 180_000);
afterAll(async () => {
  await cluster.purge();
  rmSync(folder, { recursive: true, force: true });
});

const reads = commands.filter((spec) => spec.kind === "read");

/** What a read that wants arguments is asked for here. */
async function argumentsOf(path: string): Promise<readonly string[]> {
  const task = (await settled(cluster, "/web")).tasks[0]?.id ?? "";
  const known: Readonly<Record<string, readonly string[]>> = {
    "service show": ["web"],
    "service instances": ["web", "--all"],
    "service group show": ["/"],
    why: ["waiting"],
    plan: ["-f", join(folder, "web.json")],
    history: ["web"],
    "job show": ["tidy"],
    "job history": ["tidy"],
    "job why": ["tidy"],
    "job schedule show": ["tidy"],
    "deployment show": [JSON.parse((await cluster.cli("deployment", "list", "--json")).stdout)[0].id],
    "task show": [task],
    "task ls": [task],
    "node show": [JSON.parse((await cluster.cli("node", "list", "--json")).stdout)[0].id],
    "role explain": ["*"],
    "framework explain": ["marathon"],
    "user show": ["admin"],
    "secret get": ["shop/database"],
    "group show": ["superusers"],
    validate: [join(folder, "web.json")],
    explain: ["app.cpus"],
  };
  return known[path] ?? [];
}

describe("every read", () => {
  it("ux.md§6#16 speaks table, wide, json, yaml, name and jsonpath", async () => {
    const lines: string[][] = [];
    for (const { path } of reads) {
      const words = [...path.split(" "), ...(await argumentsOf(path))];
      for (const output of ["table", "wide", "json", "yaml", "name", "jsonpath=$"])
        lines.push([...words, "-o", output]);
    }
    for (const { words, code, stdout, stderr } of await runLines(lines, environment)) {
      const command = words.join(" ");
      // A doctor that finds something ends with 1: this cluster has a service that can't run.
      const expected = words[0] === "doctor" ? 1 : 0;
      // What is exported for services alone says beside it that there is a job too.
      const said = words[0] === "export" ? stderr.replace(/^A job is not shown: .*\n?/, "") : stderr;
      expect({ command, code, stderr: said }).toEqual({ command, code: expected, stderr: "" });
      expect({ command, stdout }).not.toMatchObject({
        stdout: expect.stringMatching(/\bundefined\b|\[object Object\]/),
      });
      const output = words.at(-1);
      if (output === "json" || output === "jsonpath=$")
        expect(() => JSON.parse(stdout), command).not.toThrow();
      if (output === "table" || output === "wide")
        expect({ command, length: stdout.length }).not.toMatchObject({ length: 0 });
    }
  }, 600_000);

  it("ux.md§6#16 can be watched", async () => {
    const watch = async (path: string): Promise<void> => {
      const words = [...path.split(" "), ...(await argumentsOf(path)), "-w"];
      const watching = startCli(words, environment);
      await watching.until(`${path} -w shows something`, (stdout) => stdout.trim().length > 0);
      expect({ path, exitCode: watching.child.exitCode }).toEqual({ path, exitCode: null });
      await watching.stop();
    };
    const left = reads.map(({ path }) => path);
    while (left.length > 0) await Promise.all(left.splice(0, 4).map(watch));
  }, 600_000);

  it("a watch tells what changes, one line each", async () => {
    const watching = startCli(["service", "list", "-w"], environment);
    await watching.until("the table", (stdout) => stdout.includes("/web"));
    await cluster.cli("service", "add", "later", "--cmd", "sleep 1000", "--cpus", "0.01", "--mem", "16");
    await watching.until("a new row", (stdout) => /\n\/later .*1\/1/.test(stdout));
    await cluster.cli("service", "remove", "later");
    await watching.until("the row that went", (stdout) => stdout.includes("\n- /later"));
    await watching.stop();
  }, 120_000);
});

describe("groups of services", () => {
  it("are shown, scaled and removed; instances are killed by service, and what waits is tried again", async () => {
    const small = ["--cmd", "exec sleep 1000", "--cpus", "0.01", "--mem", "16"];
    const lines = [
      ["service", "add", "team/a", ...small],
      ["app", "create", "team/b", "--instances", "2", ...small],
      ["marathon", "group", "scale", "team", "2", "-o", "name"],
      ["service", "group", "list", "team", "-o", "json"],
      ["app", "kill", "team/a", "--yes", "--json"],
      ["app", "kill", "team/b", "--scale", "--yes", "--json"],
      ["wait", "team/b", "--for", "deployed"],
      ["service", "show", "team/b", "-o", "jsonpath=$.instances"],
      ["app", "kill", "team/b", "--yes"],
      ["app", "kill", "team/a", "--host", "nowhere", "--yes"],
      ["app", "kill", "team/a", "nobody", "--yes"],
      ["service", "queue", "waiting", "-o", "json"],
      ["service", "retry", "waiting"],
      ["service", "retry", "team/a"],
      ["service", "group", "scale", "team", "much"],
      ["service", "group", "remove", "/", "--yes"],
      ["service", "group", "remove", "", "--yes"],
      ["service", "group", "remove", "team", "--yes"],
      ["service", "group", "show", "tema"],
    ];
    const told = await runLines(lines, environment);
    expect(told.map(({ words, code, stderr }) => [words.join(" "), code, code === 0 ? "" : stderr])).toEqual(
      [0, 0, 0, 0, 0, 0, 0, 0, 3, 3, 3, 0, 0, 3, 64, 4, 3, 0, 3].map((code, index) => [
        lines[index]?.join(" "),
        code,
        expect.anything(),
      ]),
    );
    expect(told[2]?.stdout.trim()).toBe("/team");
    expect(JSON.parse(told[3]?.stdout ?? "")).toEqual([
      expect.objectContaining({ id: "/team", services: ["/team/a", "/team/b"], wanted: 6, running: 6 }),
    ]);
    expect(JSON.parse(told[4]?.stdout ?? "").ids).toHaveLength(2);
    expect(JSON.parse(told[5]?.stdout ?? "").ids).toHaveLength(4);
    expect(told[7]?.stdout.trim()).toBe("0");
    expect(told[9]?.stderr).toContain("has no running instance on nowhere");
    expect(JSON.parse(told[11]?.stdout ?? "")).toEqual([
      expect.objectContaining({ count: 1, reason: expect.stringContaining("CPUs") }),
    ]);
    expect(told[13]?.stderr).toContain("Nothing of /team/a waits to be launched");
    expect(told[18]?.stderr).toContain("There is no group of services /tema");
  }, 240_000);
});

const odd = [
  "",
  "undefined",
  "../../etc/passwd",
  "no such thing",
  "日本語",
  "\u001b[31m",
  "-1",
  "%s%n",
  "a".repeat(3_000),
  "{}",
  "[",
  "null",
] as const;

describe("whatever is written", () => {
  it("ux.md§6#14 no command prints a stack trace or undefined, and each ends with a code of the table", async () => {
    for (const page of ["docs/reference/errors.md", "docs/reference/errors.zh-CN.md"]) {
      const text = readFileSync(join(root, page), "utf8");
      for (const errorCode of Object.keys(errorStatus))
        expect({ page, text }).toMatchObject({ text: expect.stringContaining(errorCode) });
    }
    const known = new Set<unknown>([...Object.values(exitCodes), "left"]);
    const lines: string[][] = [];
    let next = 0;
    const some = (): string => {
      next += 1;
      return odd[next % odd.length] ?? "";
    };
    // Reads come first: an odd word may name a service once a change was told it, and is then said back by right.
    const ordered = [...reads, ...allCommands.filter(({ kind }) => kind !== "read")];
    for (const { path, flags = [], kind } of ordered) {
      if (kind === "outside") continue;
      const words = path.split(" ");
      // `--` keeps a word that begins with a dash an argument.
      lines.push(
        [...words],
        [...words, some()],
        [...words, "--", some(), some()],
        [...words, some(), some(), some()],
      );
      for (const { name, value } of flags)
        lines.push([...words, `--${name}${value === undefined ? "" : `=${some()}`}`, some()]);
      lines.push(
        [...words, "-o", some()],
        [...words, "--context", some()],
        [...words, "--no-such-flag"],
        [...words, "--help"],
      );
    }
    // What names a real service must not change it here, and nothing may wait for a person.
    const safe = lines.filter((words) => !words.includes("web") && words[0] !== "demo");
    // Some follow what an odd word names, and would go on for ever.
    const results = await runLines(safe, { ...environment, CI: "1" }, 2_000);
    for (const { words, code, stdout, stderr } of results) {
      const command = words.join(" ").slice(0, 200);
      const said = `${stdout}\n${stderr}`;
      expect({ command, isKnown: known.has(code), code }).toMatchObject({ isKnown: true });
      expect({ command, said }).not.toMatchObject({
        said: expect.stringMatching(/\n\s+at \S+ \(|\bat file:\/\//),
      });
      // The word itself may be said back; nothing else may hold it.
      if (!words.some((word) => word.includes("undefined")))
        expect({ command, said }).not.toMatchObject({
          said: expect.stringMatching(/\bundefined\b|\[object Object\]|NaN/),
        });
      expect({ command, said }).not.toMatchObject({
        said: expect.stringContaining("This should not happen"),
      });
      if (code !== 0 && code !== "left")
        expect({ command, length: said.trim().length }).not.toMatchObject({ length: 0 });
    }
  }, 600_000);

  it("an unknown name comes with the nearest that there is, and ends with 3", async () => {
    const results = await runLines(
      [
        ["why", "wbe"],
        ["service", "show", "wbe"],
        ["logs", "wbe"],
        ["history", "wbe"],
        ["service", "scale", "wbe", "1"],
      ],
      environment,
    );
    for (const { words, code, stderr } of results) {
      const command = words.join(" ");
      expect({ command, code, stderr }).toEqual({
        command,
        code: 3,
        stderr: expect.stringContaining("/web"),
      });
    }
  }, 120_000);

  it("a cluster that does not answer is said so, and ends with 5", async () => {
    const results = await runLines(
      [["ps"], ["apply", "-f", join(folder, "web.json")], ["events"], ["logs", "web"]],
      {
        ...environment,
        KEELSON_URL: "http://127.0.0.1:1",
      },
    );
    for (const { words, code, stderr } of results) {
      const command = words.join(" ");
      expect({ command, code, stderr }).toEqual({
        command,
        code: 5,
        stderr: expect.stringContaining("keelson doctor"),
      });
    }
  }, 120_000);
});
