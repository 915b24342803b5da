/** A16, A27: JSON and paths that mean ill, at every API of the kernel; afterwards everything still works. */
import { randomUUID } from "node:crypto";
import {
  chownSync,
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  statSync,
  symlinkSync,
  truncateSync,
  unlinkSync,
  writeFileSync,
} from "node:fs";
import { request as httpRequest } from "node:http";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import type { Resource } from "#contracts/kernel/messages.gen.ts";
import { KernelWorld, type Scheduler } from "./agent-world.ts";
import { send } from "./scheduler-client.ts";

let world: KernelWorld;
let scheduler: Scheduler;
beforeAll(async () => {
  world = await KernelWorld.start({ attributes: "constructor:x;__proto__:y;toString:3" });
  scheduler = await world.subscribe({ roles: ["__proto__", "constructor", "hasOwnProperty"] });
}, 120_000);
afterAll(() => world?.close());

const names = ["__proto__", "constructor", "hasOwnProperty"];
const json = { "content-type": "application/json" };
const apis = (): readonly string[] => [
  `${world.masterUrl}/api/v1/scheduler`,
  `${world.masterUrl}/api/v1`,
  `${world.agentUrl}/api/v1`,
  `${world.agentUrl}/api/v1/executor`,
];

async function allIsWell(): Promise<void> {
  for (const url of [world.masterUrl, world.agentUrl]) {
    const { status, text } = await send(`${url}/state`, { method: "GET" });
    expect(status).toBe(200);
    JSON.parse(text);
  }
}

describe("reliability.md§5#A27 a body that", { timeout: 60_000 }, () => {
  afterEach(allIsWell);
  const deep = 100_000;
  it.each([
    ["is no JSON", "{"],
    ["begins with a byte order mark", '\ufeff{"type":"GET_HEALTH"}'],
    ["has a number that is none", '{"type":NaN}'],
    ["is a list", "[]"],
    ["is null", "null"],
    ["is a hundred thousand lists deep", "[".repeat(deep) + "]".repeat(deep)],
    ["is a hundred thousand objects deep", `${'{"type":'.repeat(deep)}1${"}".repeat(deep)}`],
    ["has a type from the prototype", '{"type":"constructor"}'],
    ["has a type that is an object", '{"type":{"__proto__":{"type":"GET_HEALTH"}}}'],
    ["has no type but a prototype with one", '{"__proto__":{"type":"GET_HEALTH"}}'],
    ["has a type too large to be one", `{"type":"${"G".repeat(1_000_000)}"}`],
    ["says twice what it is", '{"type":"GET_HEALTH","type":"constructor"}'],
    ["has half a character", '{"type":"\\ud800"}'],
  ])("%s is refused by every API", async (_what, body) => {
    for (const url of apis()) {
      const { status } = await send(url, { headers: json, body });
      expect([url, status >= 400 && status < 500]).toEqual([url, true]);
    }
  });

  it("has numbers out of every bound is judged by what they are for", async () => {
    const url = `${world.masterUrl}/api/v1/scheduler`;
    for (const seconds of ["1e400", "-1e400", "-0", "1e-400"]) {
      const body = `{"type":"SUBSCRIBE","subscribe":{"framework_info":{"user":"","name":"n","failover_timeout":${seconds}}}}`;
      const answer = await new Promise<number>((resolve, reject) => {
        const call = httpRequest(url, { method: "POST", headers: json }, (response) => {
          resolve(response.statusCode ?? 0);
          call.destroy();
        });
        call.on("error", reject);
        call.end(body);
      });
      expect(answer).toBeLessThan(500);
    }
  });
});

describe("reliability.md§5#A27 names that objects have of their own", { timeout: 60_000 }, () => {
  it("are roles, labels, attributes and ids like others", async () => {
    const scalar = (name: string, value: number, role: string): Resource => ({
      name,
      type: "SCALAR",
      scalar: { value },
      allocation_info: { role },
    });
    const labels = { labels: names.map((key) => ({ key, value: key })) };
    const tasks: string[] = [];
    const seen = new Set<string>();
    for (const name of names) {
      const id = await scheduler.launchOn((offer) => {
        const role = offer.allocation_info?.role ?? "";
        seen.add(role);
        expect(offer.attributes?.map((attribute) => attribute.name)).toEqual([
          "constructor",
          "__proto__",
          "toString",
        ]);
        return {
          command: { value: `echo ${name}` },
          labels,
          resources: [scalar("cpus", 0.1, role), scalar("mem", 32, role)],
        };
      });
      tasks.push(id);
      expect((await scheduler.ended(id)).state).toBe("TASK_FINISHED");
    }
    expect(names).toEqual(expect.arrayContaining([...seen]));
    const { text } = await send(`${world.masterUrl}/state`, { method: "GET" });
    type Shown = { readonly id: string; readonly labels: readonly { readonly key: string }[] };
    const { frameworks } = JSON.parse(text) as {
      readonly frameworks: readonly { readonly completed_tasks: readonly Shown[] }[];
    };
    const shown = frameworks.flatMap(({ completed_tasks }) => completed_tasks);
    expect(shown.find(({ id }) => id === tasks[0])?.labels.map(({ key }) => key)).toEqual(names);
    const roles = JSON.parse((await send(`${world.masterUrl}/roles`, { method: "GET" })).text) as {
      readonly roles: readonly { readonly name: string }[];
    };
    expect(roles.roles.map(({ name }) => name)).toEqual(expect.arrayContaining(names));
  });
});

describe("reliability.md§5#A16 files of a sandbox", { timeout: 60_000 }, () => {
  let sandbox: string;
  let task: string;
  beforeAll(async () => {
    // What the other holds in offers nobody else is offered.
    await scheduler.call("TEARDOWN");
    const plain = await world.subscribe({ name: "plain" });
    task = await plain.shell("mkfifo pipe; mkdir d; sleep 1000");
    await plain.status(task, "TASK_RUNNING");
    const work = join(world.dir, "agent-0", "work");
    const run = readdirSync(work, { recursive: true, encoding: "utf8" }).find(
      (path) => path.includes(`/${plain.frameworkId}/executors/${task}/runs/`) && path.endsWith("/stdout"),
    );
    sandbox = join(work, run ?? "", "..");
    symlinkSync("/etc/shadow", join(sandbox, "shadow"));
    symlinkSync("/", join(sandbox, "root"));
    symlinkSync("/proc/self/fd", join(sandbox, "fds"));
    symlinkSync("/dev/zero", join(sandbox, "zero"));
    symlinkSync("loop", join(sandbox, "loop"));
    mkdirSync(join(sandbox, "more"));
    writeFileSync(join(sandbox, "sparse"), "");
    truncateSync(join(sandbox, "sparse"), 100 * 2 ** 30);
  }, 240_000);

  const status = async (call: string, query: string): Promise<number> =>
    (await world.get(`/files/${call}?${query}`)).status;
  const inside = (path: string): string => `path=${encodeURIComponent(`${sandbox}/${path}`)}`;

  it("are not left by any path, link, encoding or descriptor", async () => {
    expect(await status("read.json", `${inside("stdout")}&offset=0`)).toBe(200);
    for (const path of [
      "shadow",
      "root/etc/shadow",
      "fds/0",
      "zero",
      "loop",
      "pipe",
      "../../../../../../../../../../../../../../../etc/shadow",
      "d/../../../../../../../../../../../../../../../etc/shadow",
      "stdout\0/../../etc/shadow",
      "stdout/../../..",
    ])
      for (const call of ["read.json", "read", "download.json", "download"]) {
        const found = await status(call, `${inside(path)}&offset=0&length=10`);
        expect([path, call, found >= 400 && found < 500]).toEqual([path, call, true]);
      }
    for (const query of [
      "path=/etc/shadow",
      "path=%2Fetc%2Fshadow",
      "path=%252Fetc%252Fshadow",
      "path=/proc/self/environ",
      `path=${encodeURIComponent(sandbox)}%2f..%2f..%2f..%2f..%2f..%2f..%2f..%2f..%2f..%2f..%2f..%2fetc%2fshadow`,
      "path=",
      "path=%00",
      "path=%ff",
    ])
      expect([query, (await status("read.json", `${query}&offset=0`)) >= 400]).toEqual([query, true]);
  });

  /** A folder beside all sandboxes, with a file that nobody is to see or change. */
  const secret = "what nobody is to see";
  function outside(name: string): string {
    const folder = join(world.dir, name);
    mkdirSync(folder);
    writeFileSync(join(folder, "file"), secret, { mode: 0o600 });
    return folder;
  }
  const ofTask = (query: string, init: RequestInit = {}): Promise<Response> =>
    fetch(`${world.agentUrl}/keelson/v1/files/${task}?${query}`, init);

  it("are read and written where they were when they were found, whatever becomes of their folders meanwhile", async () => {
    const there = outside("beside-swapped");
    const swapped = join(sandbox, "swapped");
    mkdirSync(swapped);
    writeFileSync(join(swapped, "file"), "of the task");
    let isSwapping = true;
    // In the agent's own process, between any two of its steps: a folder, a link out in its place, the folder again.
    const swap = (): void => {
      try {
        if (lstatSync(swapped).isSymbolicLink()) unlinkSync(swapped);
        else if (existsSync(`${swapped}.kept`)) renameSync(swapped, `${swapped}.${randomUUID()}`);
        if (existsSync(`${swapped}.kept`)) renameSync(`${swapped}.kept`, swapped);
        else {
          renameSync(swapped, `${swapped}.kept`);
          symlinkSync(there, swapped);
        }
      } catch {
        // An upload has made the folder anew in the meantime: the next turn sees to it.
      }
      if (isSwapping) setImmediate(swap);
    };
    swap();
    const told = new Set<string>();
    for (let round = 0; round < 60; round += 1) {
      const answers = await Promise.all([
        world.get(`/files/read?${inside("swapped/file")}&offset=0`),
        world.get(`/files/download?${inside("swapped/file")}`),
        world.get(`/files/browse?${inside("swapped")}`),
        ofTask("path=swapped/file").then(async (each) => ({ status: each.status, body: await each.text() })),
        ofTask("path=swapped&as=tar").then(async (each) => ({
          status: each.status,
          body: await each.text().catch(() => "an archive that broke off"),
        })),
        ofTask("path=swapped/file", { method: "PUT", body: "of the sender" }).then(async (each) => ({
          status: each.status,
          body: await each.text(),
        })),
      ]);
      for (const { status: code, body } of answers) {
        expect([code < 500, String(body).includes(secret)]).toEqual([true, false]);
        told.add(code < 300 ? "answered" : "refused");
      }
    }
    isSwapping = false;
    expect([...told].sort()).toEqual(["answered", "refused"]);
    expect(statSync(there).uid).toBe(process.getuid?.());
    expect(readdirSync(there)).toEqual(["file"]);
    expect(readFileSync(join(there, "file"), "utf8")).toBe(secret);
  });

  it("are not others' under a second name", async () => {
    const there = outside("beside-linked");
    mkdirSync(join(sandbox, "linked"));
    linkSync(join(there, "file"), join(sandbox, "linked/file"));
    const folder = statSync(sandbox);
    const { uid } = statSync(join(there, "file"));
    // As a task's user has it; where agent and tasks share an account there are no others.
    chownSync(join(sandbox, "linked"), folder.uid, folder.gid);
    const expected = uid === folder.uid ? 200 : 403;
    expect(await status("read", `${inside("linked/file")}&offset=0`)).toBe(expected);
    expect(await status("download", inside("linked/file"))).toBe(expected);
    expect((await ofTask("path=linked/file")).status).toBe(expected);
    const tar = await (await ofTask("path=linked&as=tar")).text();
    expect(tar.includes(secret)).toBe(expected === 200);
    // What is put in its place takes the name and leaves the file.
    expect((await ofTask("path=linked/file", { method: "PUT", body: "new" })).status).toBe(200);
    expect(readFileSync(join(there, "file"), "utf8")).toBe(secret);
  });

  it("are not written outside by any path or link", async () => {
    const there = outside("beside-written");
    symlinkSync(there, join(sandbox, "written"));
    symlinkSync(join(there, "file"), join(sandbox, "written-file"));
    for (const path of [
      "written/file",
      "written/new",
      "../../../../../../../../../../../../beside-written/new",
      "d/../../new",
      join(there, "new"),
      "..",
      ".",
      "d/..",
      "a\0/b",
    ]) {
      const { status: code } = await ofTask(`path=${encodeURIComponent(path)}`, {
        method: "PUT",
        body: "evil",
      });
      expect([path, code >= 400 && code < 500]).toEqual([path, true]);
    }
    // A link that is in the way is replaced, not followed.
    expect((await ofTask("path=written-file", { method: "PUT", body: "mine" })).status).toBe(200);
    expect(readFileSync(join(sandbox, "written-file"), "utf8")).toBe("mine");
    expect(readdirSync(there)).toEqual(["file"]);
    expect(readFileSync(join(there, "file"), "utf8")).toBe(secret);
  });

  it("are read in bounded pieces at any offset", async () => {
    const read = async (query: string) => {
      const { status: code, body } = await world.get(`/files/read.json?${inside("sparse")}&${query}`);
      return { code, bytes: body.length };
    };
    for (const query of [
      "offset=0&length=1099511627776",
      "offset=0&length=-1",
      "offset=0",
      "offset=-1",
      "offset=107374182399&length=10",
      "offset=9007199254740993",
      "offset=1e99",
      "offset=x",
      "offset=0&length=x",
      "offset=-5",
    ]) {
      const { code, bytes } = await read(query);
      expect([query, code === 200 || (code >= 400 && code < 500), bytes < 2_000_000]).toEqual([
        query,
        true,
        true,
      ]);
    }
    await allIsWell();
  });
});
