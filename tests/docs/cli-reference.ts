/**
 * Every example of the command line's reference runs as shown, each language's on a cluster of its own, side by side. What stands there for a
 * reader's own (addresses, ids, files) is made or put in; what goes on for ever is ended once it has said something.
 */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type RunningCli, startShell } from "../harness/cli.ts";
import {
  ask,
  type CommandResult,
  eventually,
  run,
  startCluster,
  type TestCluster,
} from "../harness/cluster.ts";
import { createApp, settled } from "../harness/services.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const password = "correct horse 1";
const lineTimeoutMs = 90_000;

/** The lines of the blocks that have commands, in order. */
const linesOf = (page: string): readonly string[] =>
  [...readFileSync(join(root, "docs/reference", page), "utf8").matchAll(/^```\n([\s\S]*?)^```$/gm)].flatMap(
    ([, block = ""]) => block.trim().split("\n"),
  );

/** Starting and ending a cluster is done to one of its own, whose data is nobody's. */
const isAboutCluster = (line: string): boolean => /^keelson (up|down)\b/.test(line);
const goesOn = (line: string): boolean =>
  / -[fw]$| -f --| port-forward /.test(line) && !/ -f \S+\.|apply|plan/.test(line);
/** What is typed where a terminal asks. */
const typed: readonly (readonly [RegExp, string])[] = [
  [/ -it /, "exit\n"],
  [/ login /, `${password}\n`],
];
/** How a line may end: 2 says that there is something to do. */
const endings = (line: string): readonly number[] => (/ plan | --dry-run/.test(line) ? [0, 2] : [0]);
/** Contexts are there before they are used, and nodes leave last. */
const phase = (line: string): number =>
  / context add /.test(line) ? 0 : / decommission /.test(line) ? 2 : 1;

const web = {
  cmd: "echo started; exec python3 -m http.server $PORT0 --bind 127.0.0.1",
  cpus: 0.02,
  mem: 48,
  portDefinitions: [{ port: 0, name: "http" }],
};

let cluster: TestCluster;
let folder = "";
/** Private nodes that are there still. */
let nodes: string[] = [];

async function prepare(): Promise<void> {
  cluster = await startCluster({ agents: 6 });
  folder = mkdtempSync(join(tmpdir(), "keelson-reference-"));
  mkdirSync(join(folder, "bin"));
  symlinkSync(join(root, "bin/keelson"), join(folder, "bin/keelson"));
  mkdirSync(join(folder, "home/.local/share/bash-completion/completions"), { recursive: true });
  mkdirSync(join(folder, "services"));
  const shop = { ...web, id: "/shop/cart", cmd: "exec sleep 100000" };
  writeFileSync(join(folder, "services/cart.json"), JSON.stringify(shop));
  writeFileSync(join(folder, "web.json"), JSON.stringify({ id: "/web", ...web }));
  // JSON is YAML too.
  writeFileSync(join(folder, "web.yaml"), JSON.stringify({ id: "/web", ...web, labels: { from: "yaml" } }));
  const moved = { ...web, id: "/moved/web", cmd: "exec sleep 100000" };
  writeFileSync(
    join(folder, "groups.json"),
    JSON.stringify({ id: "/", groups: [{ id: "/moved", apps: [moved] }] }),
  );
  const run = { cmd: "true", cpus: 0.01, mem: 32, disk: 0 };
  writeFileSync(join(folder, "jobs.json"), JSON.stringify([{ id: "moved", run }]));
  writeFileSync(join(folder, "job.json"), JSON.stringify(backup));
  writeFileSync(join(folder, "config.json"), "{}\n");
  writeFileSync(join(folder, "password.txt"), `${password}\n`);
  const { url, token } = cluster.info;
  const changed = await ask(`${url}/acs/api/v1/users/admin`, {
    method: "PATCH",
    body: { password },
    headers: { authorization: `token=${token}` },
  });
  expect(changed.status).toBeLessThan(300);
  nodes = cluster.info.agents.filter((agent) => !agent.public).map(({ id }) => id);
}

async function leave(): Promise<void> {
  await cluster.purge();
  rmSync(folder, { recursive: true, force: true });
}

/** The tests of one language's page. */
export function runExamples(page: string, language: string): void {
  beforeAll(prepare, 180_000);
  afterAll(leave);

  it(`ux.md§6#29 those of ${page} run as shown`, async () => {
    const lines = linesOf(page).filter((line) => !isAboutCluster(line));
    expect(lines.length).toBeGreaterThan(60);
    const reader = new Reader(language);
    await reader.say("keelson context add staging URL");
    const wrong: unknown[] = [];
    for (const line of [...lines].sort((one, other) => phase(one) - phase(other))) {
      const { code, told } = await reader
        .say(line)
        .catch((error: unknown) => ({ code: -1, told: String(error) }));
      if (!endings(line).includes(code)) wrong.push({ line, code, told });
    }
    expect(wrong).toEqual([]);
  }, 900_000);
}

/** Those that are not said to a cluster that is there. */
export function runStartAndEnd(): void {
  it("ux.md§6#29 those that start and end a cluster run as shown", async () => {
    const lines = linesOf("cli.md").filter(isAboutCluster);
    expect(lines).toHaveLength(4);
    const own = { KEELSON_DATA_DIR: join(folder, "own"), LANG: "C.UTF-8" };
    const [up, more, down, purge] = lines;
    for (const [begin = "", end = ""] of [
      [up, down],
      [more, purge],
    ]) {
      const running = shell(begin, own);
      await running.until("it runs", (stdout) => stdout.includes("keelson demo"));
      const ended = await run("sh", ["-c", end], environment(own));
      expect({ end, code: ended.code }).toEqual({ end, code: 0 });
      await running.ended;
    }
  }, 240_000);
}

const runOf = (cmd: string): object => ({ cmd, cpus: 0.01, mem: 32, disk: 0 });
const nightly = { id: "default", cron: "0 3 * * *" };
const backup = { id: "backup", run: runOf("echo saved"), schedules: [nightly] };
const otherJobs = [
  { id: "report", run: runOf("exec sleep 100000") },
  { id: "hourly", run: runOf("true"), schedules: [nightly] },
];

/** A job backup that has run, unless it is its making that is shown; one that runs on, and one with a schedule. */
async function jobsAreThere(line: string): Promise<void> {
  const api = `${cluster.info.services["jobs"] ?? ""}/v1/jobs`;
  if (line.includes(" job add ")) {
    await ask(`${api}/backup?stopCurrentJobRuns=true`, { method: "DELETE" });
    return;
  }
  for (const job of [backup, ...otherJobs]) await ask(api, { method: "POST", body: job });
  const activeOf = async (id: string): Promise<readonly unknown[]> =>
    (await ask(`${api}/${id}/runs`)).body as readonly unknown[];
  if ((await activeOf("report")).length === 0) await ask(`${api}/report/runs`, { method: "POST", body: {} });
  const summary = async (): Promise<number> =>
    (
      (await ask(`${api}/backup?embed=historySummary`)).body as {
        readonly historySummary: { readonly successCount: number };
      }
    ).historySummary.successCount;
  if ((await summary()) > 0) return;
  await ask(`${api}/backup/runs`, { method: "POST", body: {} });
  await eventually("the backup has run", async () => (await summary()) > 0);
}

/** What earlier examples did to nodes is undone. */
async function nodesAreActive(): Promise<void> {
  const { kernel } = cluster.info.services;
  for (const value of nodes) {
    const body = { type: "REACTIVATE_AGENT", reactivate_agent: { agent_id: { value } } };
    await ask(`${kernel}/api/v1`, { method: "POST", body });
  }
  // An empty schedule ends every window.
  await ask(`${kernel}/maintenance/schedule`, { method: "POST", body: {} });
}

/** A user alice and a group ops, unless it is their making that is shown. */
async function peopleAreThere(line: string): Promise<void> {
  const { url, token } = cluster.info;
  const [headers, api] = [{ authorization: `token=${token}` }, `${url}/acs/api/v1`];
  for (const [path, body, making] of [
    ["users/alice", { password }, / user add /],
    ["groups/ops", {}, / group add /],
  ] as const)
    await ask(
      `${api}/${path}`,
      making.test(line) ? { method: "DELETE", headers } : { method: "PUT", body, headers },
    );
}

const environment = (more: Readonly<Record<string, string>>): NodeJS.ProcessEnv => ({
  ...process.env,
  KEELSON_DATA_DIR: cluster.dataDir,
  KEELSON_CONFIG: join(folder, "config.toml"),
  HOME: join(folder, "home"),
  PATH: `${join(folder, "bin")}:${process.env["PATH"]}`,
  ...more,
});

const shell = (
  line: string,
  more: Readonly<Record<string, string>>,
  terminal?: { readonly rows: number; readonly cols: number },
): RunningCli => startShell(`cd ${folder}; exec ${line}`, environment(more), terminal);

/** Somebody who reads the page and types what stands there, with their own names in it. */
class Reader {
  readonly #language: { readonly LANG: string; readonly LC_ALL: string };

  constructor(language: string) {
    this.#language = { LANG: language, LC_ALL: language };
  }

  async say(line: string): Promise<{ readonly code: number; readonly told: string }> {
    const own = await this.#withOwnNames(line);
    const answer = typed.find(([pattern]) => pattern.test(line))?.[1];
    if (goesOn(line)) return this.#hearAndStop(own);
    if (answer !== undefined) return this.#answer(own, answer);
    const { code, stdout, stderr }: CommandResult = await run(
      "sh",
      ["-c", `cd ${folder}; ${own}`],
      environment(this.#language),
      lineTimeoutMs,
    );
    return { code, told: `${stdout}${stderr}` };
  }

  async #withOwnNames(line: string): Promise<string> {
    let own = line.replaceAll(/https:\/\/cluster\.example\.com|\bURL\b/g, cluster.info.url);
    const added = / service add |^keelson run /.test(line)
      ? line.includes("tick")
        ? "/tick"
        : "/web"
      : undefined;
    if (added !== undefined) await run("keelson", ["service", "remove", added, "--force"], environment({}));
    else if (/\bweb\b|services\//.test(line)) await this.#webIsThere();
    if (/ jobs? /.test(line)) await jobsAreThere(line);
    if (/\balice\b|\bops\b/.test(line)) await peopleAreThere(line);
    if (line.includes("--plan plan.json"))
      await run(
        "keelson",
        ["plan", "-f", join(folder, "web.json"), "--out", join(folder, "plan.json")],
        environment({}),
      );
    if (own.includes("web.instance-4f2a")) {
      const { tasks } = await settled(cluster, "/web", 60_000);
      own = own.replace("web.instance-4f2a", tasks[0]?.id ?? "");
    }
    if (own.includes("cancel 4f2a")) {
      await createApp(cluster, { id: "/stuck", cmd: "true", cpus: 1_000, mem: 16 });
      const list = await run("keelson", ["deployment", "list", "stuck", "--json"], environment({}));
      own = own.replace("4f2a", (JSON.parse(list.stdout) as [{ readonly id: string }])[0].id);
    }
    if (own.includes("node-3")) {
      await nodesAreActive();
      own = own.replace("node-3", nodes.at(-1) ?? "");
      if (phase(line) === 2) nodes.pop();
    }
    return own;
  }

  /** Running, of at least three versions, so that there is something to go back to. */
  async #webIsThere(): Promise<void> {
    const url = `${cluster.info.services.services}/v2/apps//web`;
    const { body } = await ask(url);
    const app = (body as { readonly app?: { readonly instances: number } }).app;
    if (app === undefined) {
      await createApp(cluster, { id: "/web", ...web });
      for (const version of ["1", "2", "3"]) {
        await settled(cluster, "/web", 60_000);
        await ask(url, { method: "PUT", body: { labels: { version } } });
      }
    } else if (app.instances === 0) await ask(`${url}?force=true`, { method: "PUT", body: { instances: 1 } });
    await settled(cluster, "/web", 60_000);
  }

  async #hearAndStop(line: string): Promise<{ readonly code: number; readonly told: string }> {
    const running = shell(line, this.#language);
    const change = (): Promise<unknown> =>
      ask(`${cluster.info.services.services}/v2/apps//web/restart?force=true`, { method: "POST" });
    // What follows something has nothing to say until it happens.
    const poked = / events /.test(line) ? setInterval(() => void change(), 1_000) : undefined;
    try {
      await running.until("it says something", (stdout) => stdout.trim() !== "", lineTimeoutMs);
    } finally {
      clearInterval(poked);
    }
    await running.stop();
    return { code: 0, told: running.stderr() };
  }

  async #answer(line: string, words: string): Promise<{ readonly code: number; readonly told: string }> {
    const running = shell(line, this.#language, { rows: 30, cols: 120 });
    await running.until("it asks", (stdout) => /[#$:：] ?$/.test(stdout), lineTimeoutMs);
    running.child.stdin?.write(words);
    return { code: await running.ended, told: running.stdout() };
  }
}
