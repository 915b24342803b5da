/** What goes on: merged logs, sessions in tasks, forwarded ports and copies, on a real cluster. */
import { createHash, randomBytes } from "node:crypto";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { hostname, tmpdir, userInfo } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { AuditRecord } from "#contracts/observe/audit.ts";
import { keelson, type RunningCli, startCli } from "../harness/cli.ts";
import { ask, eventually, run, startCluster, type TestCluster } from "../harness/cluster.ts";
import { expectAtBest, processorUse, undisturbedMs } from "../harness/figures.ts";
import { connectionsOf } from "../harness/processes.ts";
import { createApp, settled } from "../harness/services.ts";

let cluster: TestCluster;
let folder = "";
let environment: Record<string, string> = {};

beforeAll(async () => {
  cluster = await startCluster();
  folder = mkdtempSync(join(tmpdir(), "keelson-cli-streams-"));
  environment = { KEELSON_DATA_DIR: cluster.dataDir, HOME: folder };
  await createApp(cluster, { id: "/box", cmd: "while true; do sleep 1; done", cpus: 0.05, mem: 64 });
  await settled(cluster, "/box", 60_000);
}, 180_000);
afterAll(async () => {
  await cluster.purge();
  rmSync(folder, { recursive: true, force: true });
});

describe("logs", () => {
  it("ux.md§6#6 of 50 instances, 10 of them replaced midway, have each line once and in order per instance", async () => {
    // Each line names its task, so that a line that is lost, doubled or out of order is seen.
    const cmd = 'i=0; while true; do i=$((i+1)); echo "$MESOS_TASK_ID line $i"; sleep 0.5; done';
    await createApp(cluster, { id: "/many", cmd, instances: 50, cpus: 0.01, mem: 16 });
    const before = await settled(cluster, "/many", 180_000);
    const following = startCli(["logs", "many", "-f", "-n", "1", "--no-color"], environment);
    const linesByTask = (): Map<string, number[]> => {
      const found = new Map<string, number[]>();
      // The last line may be written still.
      for (const line of following.stdout().split("\n").slice(0, -1)) {
        const [, task = "", number] = /\| (\S+) line (\d+)$/.exec(line) ?? [];
        expect({ line, number }).not.toMatchObject({ number: undefined });
        found.set(task, [...(found.get(task) ?? []), Number(number)]);
      }
      return found;
    };
    await following.until("all 50 are heard", () => linesByTask().size === 50, 120_000);
    const killed = before.tasks.slice(0, 10).map(({ id }) => id);
    const { status } = await ask(`${cluster.info.services.services}/v2/tasks/delete`, {
      method: "POST",
      body: { ids: killed },
    });
    expect(status).toBe(200);
    await eventually(
      "their replacements are heard, and all that go on go on",
      () => {
        const heard = linesByTask();
        const known = new Set(before.tasks.map(({ id }) => id));
        const replacements = [...heard].filter(([task, lines]) => !known.has(task) && lines.length >= 4);
        return replacements.length >= 10;
      },
      120_000,
    );
    await following.stop();
    for (const [task, lines] of linesByTask()) {
      const first = lines[0] ?? 0;
      expect({ task, lines }).toEqual({ task, lines: lines.map((_, index) => first + index) });
      // Of a replacement nothing is missed at its beginning.
      if (!before.tasks.some(({ id }) => id === task)) expect({ task, first }).toEqual({ task, first: 1 });
    }
    expect(following.stderr()).toBe("");
    expect((await cluster.cli("service", "remove", "many")).code).toBe(0);
  }, 400_000);

  it("of a dead instance are there with --previous, filtered with --grep, and in JSON", async () => {
    await createApp(cluster, {
      id: "/dying",
      cmd: "echo good; echo bad >&2; sleep 0.2; exit 3",
      cpus: 0.01,
      mem: 16,
    });
    const previous = await eventually("an instance ended", async () => {
      const result = await cluster.cli("logs", "dying", "--previous", "--stderr");
      return result.code === 0 && result.stdout !== "" && result;
    });
    expect(previous.stdout).toBe("bad\n");
    expect((await cluster.cli("logs", "dying", "--previous", "--grep", "^nothing")).stdout).toBe("");
    const json = await cluster.cli("logs", "dying", "--previous", "--json");
    expect(JSON.parse(json.stdout)).toMatchObject({
      line: "good",
      instance: expect.stringContaining("dying.instance-"),
    });
    await cluster.cli("service", "remove", "dying", "--force");
  }, 120_000);
});

/** ms since its start, as they would be on a machine that does nothing else. */
const ownMs = (cli: RunningCli, startedAt: number): number =>
  undisturbedMs(performance.now() - startedAt, { ranNs: 0, waitedNs: 0 }, processorUse([cli.pid()]));
/** The last line is a shell's, waiting for a command. */
const hasPrompt = (stdout: string): boolean => /[#$] $/.test(stdout);

describe("exec", () => {
  it("passes both outputs, standard input and the exit code", async () => {
    const both = await cluster.cli("exec", "box", "--", "sh", "-c", "echo out; echo err >&2; exit 7");
    expect(both).toEqual({ code: 7, stdout: "out\n", stderr: "err\n" });
    const data = randomBytes(200_000).toString("hex");
    const file = join(folder, "input");
    writeFileSync(file, data);
    const piped = await run("sh", ["-c", `${keelson} exec -i box -- sha256sum < ${file}`], {
      ...process.env,
      ...environment,
    });
    expect(piped.stdout).toBe(`${createHash("sha256").update(data).digest("hex")}  -\n`);
    expect(await cluster.cli("exec", "box", "--", "nosuchcommand")).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("No such file"),
    });
    expect((await cluster.cli("exec", "box", "--", "sh", "-c", "kill -9 $$")).code).toBe(137);
  }, 120_000);

  it("ux.md§6#18 -it is a shell in a terminal that follows the window, and its exit code is ours", async () => {
    const shell = startCli(["exec", "-it", "box"], environment, { rows: 40, cols: 100 });
    await shell.until("the shell is there", hasPrompt);
    const isTold = (size: string): Promise<unknown> =>
      eventually(
        `the size is told: ${size}`,
        async () => {
          shell.child.stdin?.write("stty size\n");
          await new Promise((resolve) => setTimeout(resolve, 300));
          return new RegExp(`^${size}\\r?$`, "m").test(shell.stdout());
        },
        60_000,
      );
    await isTold("40 100");
    await shell.resize({ rows: 51, cols: 133 });
    await isTold("51 133");
    shell.child.stdin?.write("echo hi-$((1+2)); exit 5\n");
    await shell.until("the shell answers", (stdout) => stdout.includes("hi-3"));
    expect(await shell.ended).toBe(5);
  }, 120_000);

  it(
    "ux.md§6#18 the prompt is there within half a second",
    () =>
      expectAtBest(500, async () => {
        const startedAt = performance.now();
        const shell = startCli(["exec", "-it", "box"], environment, { rows: 24, cols: 80 });
        await shell.until("the prompt", hasPrompt);
        const ms = ownMs(shell, startedAt);
        shell.child.stdin?.write("exit\n");
        await shell.ended;
        return ms;
      }),
    240_000,
  );

  it("ux.md§6#18 who did what and when stands in the audit trail of the cluster, however it was asked for", async () => {
    const startedAt = Date.now();
    const name = `${userInfo().username}@${hostname()}`;
    const throughDoor = { ...environment, KEELSON_URL: cluster.info.url, KEELSON_TOKEN: cluster.info.token };
    const command = ["exec", "box", "--", "true", "and", "words of it"];
    expect((await cluster.cli(...command)).code).toBe(0);
    const elsewhere = startCli(command, throughDoor);
    expect({ code: await elsewhere.ended, stderr: elsewhere.stderr() }).toEqual({ code: 0, stderr: "" });
    writeFileSync(join(folder, "given"), "x");
    expect((await cluster.cli("cp", join(folder, "given"), "box:given")).code).toBe(0);
    const told = await eventually("all three are told", async () => {
      const { stdout } = await cluster.cli("audit", "--json", "-n", "50");
      const records = (JSON.parse(stdout) as readonly AuditRecord[]).filter(({ at }) => at >= startedAt);
      return records.length >= 3 && records.reverse();
    });
    const { tasks } = await settled(cluster, "/box");
    const exec = {
      action: "task.exec",
      object: tasks[0]?.id,
      from: "127.0.0.1",
      status: 101,
      message: '["true","and","words of it"]',
    };
    expect(told).toMatchObject([
      { ...exec, user: name },
      // A token is all that is known of who comes from elsewhere.
      { ...exec, user: "admin" },
      { action: "task.upload", object: tasks[0]?.id, user: name, message: "given", status: 201 },
    ]);
    expect(told.every(({ at }) => at <= Date.now())).toBe(true);
  }, 120_000);

  it("ctrl-p ctrl-q leaves it", async () => {
    const shell = startCli(["exec", "-it", "box"], environment, { rows: 24, cols: 80 });
    await eventually(
      "the shell is there",
      async () => {
        shell.child.stdin?.write("echo here-$((40+2))\n");
        await new Promise((resolve) => setTimeout(resolve, 300));
        return shell.stdout().includes("here-42");
      },
      60_000,
    );
    shell.child.stdin?.write("\u0010\u0011");
    expect(await shell.ended).toBe(0);
    expect(shell.stdout()).toContain("Detached from box.instance-");
  }, 120_000);

  it("without a terminal -t is refused with a sentence", async () => {
    expect(await cluster.cli("exec", "-it", "box")).toMatchObject({
      code: 64,
      stderr: expect.stringContaining("-t wants a terminal"),
    });
  }, 240_000);
});

describe("cp", () => {
  it("brings files and folders both ways as they were", async () => {
    const bytes = randomBytes(3_000_000);
    mkdirSync(join(folder, "tree/deep"), { recursive: true });
    writeFileSync(join(folder, "tree/a"), "a", { mode: 0o755 });
    writeFileSync(join(folder, "tree/deep/b"), bytes);
    expect(await cluster.cli("cp", join(folder, "tree"), "box:copied")).toMatchObject({
      code: 0,
      stdout: "2 files, 2.9 MiB\n",
    });
    expect((await cluster.cli("exec", "box", "--", "stat", "-c", "%a", "copied/a")).stdout).toBe("755\n");
    expect((await cluster.cli("cp", "box:copied/deep/b", join(folder, "one"))).code).toBe(0);
    expect(readFileSync(join(folder, "one")).equals(bytes)).toBe(true);
    expect((await cluster.cli("cp", "box:copied", join(folder, "back"))).code).toBe(0);
    expect(readFileSync(join(folder, "back/deep/b")).equals(bytes)).toBe(true);
    expect(readFileSync(join(folder, "back/a"), "utf8")).toBe("a");
  }, 120_000);

  it("refuses what is not there, and what is on one side only", async () => {
    expect(await cluster.cli("cp", "box:nothing", join(folder, "x"))).toMatchObject({ code: 3 });
    expect(await cluster.cli("cp", join(folder, "nothing"), "box:")).toMatchObject({ code: 3 });
    expect(await cluster.cli("cp", "a", "b")).toMatchObject({ code: 64 });
    expect(
      await cluster.cli("cp", "box:../../../../../../../etc/passwd", join(folder, "x")),
    ).not.toMatchObject({ code: 0 });
  }, 120_000);
});

describe("port-forward", () => {
  let throughDoor: Record<string, string> = {};
  beforeAll(async () => {
    throughDoor = { ...environment, KEELSON_URL: cluster.info.url, KEELSON_TOKEN: cluster.info.token };
    await createApp(cluster, {
      id: "/page",
      cmd: "echo $MESOS_TASK_ID > index.html; exec python3 -m http.server $PORT0 --bind 127.0.0.1",
      cpus: 0.05,
      mem: 64,
      portDefinitions: [{ port: 0, name: "http" }],
      healthChecks: [
        {
          protocol: "HTTP",
          path: "/",
          portIndex: 0,
          gracePeriodSeconds: 60,
          intervalSeconds: 1,
          timeoutSeconds: 5,
        },
      ],
    });
    await eventually(
      "it is healthy",
      async () => {
        const app = await settled(cluster, "/page", 60_000);
        return app.tasksHealthy === 1;
      },
      120_000,
    );
  }, 180_000);

  async function forwarded(
    name: string,
  ): Promise<{ readonly cli: RunningCli; readonly local: number; readonly page: () => Promise<string> }> {
    const cli = startCli(["port-forward", name, "0:http", "--json"], throughDoor);
    await cli.until("it listens", (stdout) => stdout.includes("\n"));
    const { local } = JSON.parse(cli.stdout()) as { local: number };
    return {
      cli,
      local,
      page: async () => String((await ask(`http://127.0.0.1:${local}/`)).body).trim(),
    };
  }

  const instanceNow = (): Promise<string> =>
    eventually("an instance runs", async () => {
      const { tasks } = await settled(cluster, "/page", 60_000);
      return tasks[0]?.id;
    });

  it.each(["a service", "an instance"])(
    "ux.md§6#17 leads to %s and to its replacement, through the door alone",
    async (kind) => {
      const before = await instanceNow();
      const { cli, local, page } = await forwarded(kind === "a service" ? "page" : before);
      expect(await page()).toBe(before);
      const held = connect(local, "127.0.0.1");
      await once(held, "connect");
      held.write("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
      await once(held, "data");
      // Whatever it speaks to, besides those who came to the forwarded port, is the door.
      const door = Number(new URL(cluster.info.url).port);
      const others = connectionsOf(cli.pid()).filter((each) => each.local !== local);
      expect([...new Set(others.map(({ remote }) => remote))]).toEqual([door]);
      held.destroy();
      await ask(`${cluster.info.services.services}/v2/tasks/delete`, {
        method: "POST",
        body: { ids: [before] },
      });
      await eventually(
        "the replacement answers",
        async () => {
          const answer = await page();
          return answer !== before && answer.startsWith("page.instance-");
        },
        120_000,
      );
      await cli.stop();
    },
    300_000,
  );

  it("ux.md§6#17 is open within 300 ms, to a service and to an instance", async () => {
    const task = await instanceNow();
    for (const name of ["page", task])
      await expectAtBest(300, async () => {
        const startedAt = performance.now();
        const { cli, page } = await forwarded(name);
        const opened = ownMs(cli, startedAt);
        expect(await page()).toBe(task);
        await cli.stop();
        return opened;
      });
  }, 240_000);
});

it("events are shown as they come, filtered by object, and those before on demand", async () => {
  const following = startCli(["events", "-f", "--object", "box", "--json"], environment);
  // Changed until it is heard: the stream may open a moment later.
  let cpus = 0.05;
  await eventually(
    "a change of the service is heard",
    async () => {
      cpus += 0.001;
      await cluster.cli("service", "update", "box", `cpus=${cpus}`, "--no-wait", "--force");
      await new Promise((resolve) => setTimeout(resolve, 500));
      return following.stdout().includes('"/box"');
    },
    90_000,
  );
  await following.stop();
  for (const line of following.stdout().trim().split("\n"))
    expect(JSON.stringify(JSON.parse(line))).toContain("/box");
  const before = await cluster.cli("events", "--object", "/box");
  expect(before).toMatchObject({ code: 0, stdout: expect.stringContaining("/box") });
}, 180_000);

it("top nodes tells of two agents on one machine which of them its tasks are on", async () => {
  const { stdout } = await cluster.cli("top", "nodes", "--json");
  const nodes = JSON.parse(stdout) as readonly {
    readonly id: string;
    readonly usedByTasks: { readonly cpus: number; readonly memBytes: number };
    readonly used: { readonly memTotalBytes: number; readonly tasks: readonly unknown[] };
  }[];
  const [bare, busy] = [...nodes].sort((one, other) => one.used.tasks.length - other.used.tasks.length);
  expect(bare).toMatchObject({ usedByTasks: { cpus: 0, memBytes: 0 } });
  expect(busy?.usedByTasks.memBytes).toBeGreaterThan(0);
  expect(bare?.used.memTotalBytes).toBe(busy?.used.memTotalBytes);
}, 240_000);
