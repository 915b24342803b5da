/** Files out of and into the sandboxes of tasks, with tasks that play tricks. */
import { createHash, randomBytes } from "node:crypto";
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { Readable } from "node:stream";
import { extract } from "tar-stream";
import { request } from "undici";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { agentStreamPaths } from "#contracts/kernel/agent-streams.ts";
import { eventually } from "../../harness/cluster.ts";
import { KernelWorld, type Scheduler } from "./agent-world.ts";

let world: KernelWorld;
let scheduler: Scheduler;
let task: string;
let sandbox: string;

beforeAll(async () => {
  world = await KernelWorld.start();
  chmodSync(world.dir, 0o711);
  scheduler = await world.subscribe();
  task = await scheduler.shell(
    "mkdir -p d/e; echo one > d/1.txt; echo two > d/e/2.txt; ln -s 1.txt d/link; ln -s /etc d/out; mkfifo d/pipe; touch ready; sleep 1000",
  );
  await scheduler.status(task, "TASK_RUNNING");
  const { items } = (await world.get(`/keelson/v1/evidence?task=${task}`)).json() as {
    readonly items: readonly { readonly directory: string }[];
  };
  sandbox = items[0]?.directory ?? "";
  await eventually("the task made its files", async () => existsSync(join(sandbox, "ready")));
});
afterAll(() => world.close());

const url = (query: string, taskId = task): string =>
  `${world.agentUrl}${agentStreamPaths.files(taskId)}?${query}`;

async function get(query: string, headers: Readonly<Record<string, string>> = {}) {
  const answer = await request(url(query), { headers });
  return {
    status: answer.statusCode,
    headers: answer.headers,
    body: Buffer.from(await answer.body.arrayBuffer()),
  };
}

async function put(query: string, body: string | Buffer | Readable, taskId = task) {
  const answer = await request(url(query, taskId), { method: "PUT", body });
  // biome-ignore lint/suspicious/noExplicitAny: what a client gets is looked at by tests
  return { status: answer.statusCode, json: (await answer.body.json()) as any };
}

describe.skipIf(process.getuid?.() !== 0)("folders of the machine in a sandbox", { timeout: 120_000 }, () => {
  it("show what is mounted there, as far as every account of the machine may read it", async () => {
    const folder = join(world.dir, "shared");
    mkdirSync(join(folder, "closed"), { recursive: true });
    for (const [name, mode] of [
      ["note", 0o644],
      ["secret", 0o600],
      ["closed/note", 0o644],
    ] as const) {
      writeFileSync(join(folder, name), `${name}\n`);
      chmodSync(join(folder, name), mode);
    }
    chmodSync(join(folder, "closed"), 0o700);
    symlinkSync("/etc/hostname", join(folder, "out"));
    const volume = (container_path: string, host_path: string) =>
      ({ mode: "RO", container_path, host_path }) as const;
    const holder = await scheduler.shell("sleep 1000", {
      container: {
        type: "MESOS",
        volumes: [volume("there/all", folder), volume("one", join(folder, "note"))],
      },
    });
    await scheduler.status(holder, "TASK_RUNNING");
    const take = async (path: string) => {
      const answer = await request(url(`path=${path}`, holder));
      return [answer.statusCode, await answer.body.text()];
    };
    expect(await take("there/all/note")).toEqual([200, "note\n"]);
    expect(await take("one")).toEqual([200, "note\n"]);
    for (const path of [
      "there/all/secret",
      "there/all/closed/note",
      "there/all/closed&as=tar",
      "there/all/out",
    ])
      expect((await take(path))[0]).toBe(403);
    expect((await take("there/all&as=tar"))[1]).toContain("take its files one by one");
    const latest = `/frameworks/${scheduler.frameworkId}/executors/${holder}/runs/latest/there/all`;
    const listed = (await world.get(`/files/browse?path=${encodeURIComponent(latest)}`)).json();
    expect(listed).toMatchObject([
      { path: `${latest}/closed` },
      { path: `${latest}/note`, size: 5 },
      { path: `${latest}/out` },
      { path: `${latest}/secret` },
    ]);
    expect((await world.get(`/files/read?path=${encodeURIComponent(`${latest}/secret`)}`)).status).toBe(403);
    await scheduler.kill(holder, 0);
    await scheduler.ended(holder);
  });
});

describe("files out of a sandbox", { timeout: 120_000 }, () => {
  it("come whole, in ranges, and never as a page", async () => {
    const whole = await get("path=d/1.txt");
    expect([whole.status, whole.body.toString()]).toEqual([200, "one\n"]);
    expect(whole.headers["content-disposition"]).toContain("attachment");
    expect(whole.headers["content-length"]).toBe("4");
    const part = await get("path=d/1.txt", { range: "bytes=1-2" });
    expect([part.status, part.body.toString(), part.headers["content-range"]]).toEqual([
      206,
      "ne",
      "bytes 1-2/4",
    ]);
    expect((await get("path=d/1.txt", { range: "bytes=-2" })).body.toString()).toBe("e\n");
    expect((await get("path=d/1.txt", { range: "bytes=4-" })).status).toBe(416);
  });

  it("come as a tar of a folder: links as links, no pipes, nothing from outside", async () => {
    const { status, body } = await get("path=d&as=tar");
    expect(status).toBe(200);
    const entries = new Map<string, string>();
    const reader = extract();
    Readable.from(body).pipe(reader);
    for await (const entry of reader) {
      let text = "";
      for await (const piece of entry) text += String(piece);
      entries.set(`${entry.header.type} ${entry.header.name}`, entry.header.linkname ?? text);
    }
    expect(Object.fromEntries(entries)).toEqual({
      "directory d/": "",
      "file d/1.txt": "one\n",
      "directory d/e/": "",
      "file d/e/2.txt": "two\n",
      "symlink d/link": "1.txt",
      "symlink d/out": "/etc",
    });
  });

  it.each([
    ["path=d", 400, "InvalidRequest"],
    ["path=d/out/passwd", 403, "Forbidden"],
    [`path=${"../".repeat(40)}etc/passwd`, 403, "Forbidden"],
    ["path=/etc/passwd", 403, "Forbidden"],
    ["path=none", 404, "NotFound"],
    ["path=d/pipe", 400, "InvalidRequest"],
    ["", 400, "InvalidRequest"],
  ])("%s is refused", async (query, status, code) => {
    const answer = await get(query);
    expect([answer.status, JSON.parse(answer.body.toString()).code]).toEqual([status, code]);
  });
});

describe("files into a sandbox", { timeout: 120_000 }, () => {
  it("appear whole, with folders on the way, as the task's own, and the task can use them", async () => {
    const bytes = randomBytes(9_000_000);
    const answer = await put(
      "path=new/deep/data.bin",
      Readable.from([bytes.subarray(0, 100), bytes.subarray(100)]),
    );
    expect(answer).toEqual({ status: 201, json: { path: "new/deep/data.bin", size: bytes.length } });
    const made = lstatSync(join(sandbox, "new/deep/data.bin"));
    const owner = lstatSync(sandbox);
    expect([made.uid, made.gid, made.mode & 0o777]).toEqual([owner.uid, owner.gid, 0o644]);
    expect(lstatSync(join(sandbox, "new")).uid).toBe(owner.uid);
    const sum = (data: Buffer): string => createHash("sha256").update(data).digest("hex");
    expect(sum(readFileSync(join(sandbox, "new/deep/data.bin")))).toBe(sum(bytes));
    const again = await put("path=new/deep/data.bin&mode=755", "short");
    expect(again).toEqual({ status: 200, json: { path: "new/deep/data.bin", size: 5 } });
    expect(lstatSync(join(sandbox, "new/deep/data.bin")).mode & 0o777).toBe(0o755);
  });

  it("follow no link of the task, wherever it leads", async () => {
    mkdirSync(join(world.dir, "elsewhere"), { mode: 0o777 });
    chmodSync(join(world.dir, "elsewhere"), 0o777);
    symlinkSync(join(world.dir, "elsewhere"), join(sandbox, "away"));
    expect((await put("path=away/file", "x")).status).toBe(403);
    expect(readdirSync(join(world.dir, "elsewhere"))).toEqual([]);
    symlinkSync(join(world.dir, "elsewhere", "target"), join(sandbox, "file"));
    // The link itself is replaced, what it points to is not touched.
    expect((await put("path=file", "x")).status).toBe(200);
    expect(readdirSync(join(world.dir, "elsewhere"))).toEqual([]);
    expect(lstatSync(join(sandbox, "file")).isFile()).toBe(true);
    rmSync(join(sandbox, "away"));
  });

  it.each([
    ["path=../escaped", 403, "Forbidden"],
    ["path=/etc/escaped", 403, "Forbidden"],
    ["path=.", 403, "Forbidden"],
    ["path=d", 409, "Conflict"],
    ["path=d/1.txt/below", 403, "Forbidden"],
    ["path=x&mode=4755", 400, "InvalidRequest"],
    [`path=${"n".repeat(300)}/x`, 400, "InvalidRequest"],
  ])("%s is refused", async (query, status, code) => {
    const answer = await put(query, "x");
    expect([answer.status, answer.json.code]).toEqual([status, code]);
  });

  it("leave nothing when the sender breaks off", async () => {
    const { hostname, port } = new URL(world.agentUrl);
    const socket = connect(Number(port), hostname);
    socket.write(
      `PUT ${agentStreamPaths.files(task)}?path=broken HTTP/1.1\r\nhost: ${hostname}:${port}\r\ncontent-length: 1000\r\n\r\nhalf of`,
    );
    const uploads = (): readonly string[] =>
      readdirSync(sandbox).filter((name) => name.startsWith(".keelson-upload"));
    await eventually("it began", async () => uploads().length === 1);
    socket.destroy();
    await eventually("it is gone", async () => uploads().length === 0);
    expect(existsSync(join(sandbox, "broken"))).toBe(false);
  });

  it("are taken only while the task runs, and written down", async () => {
    const short = await scheduler.shell("true");
    await scheduler.ended(short);
    expect((await put("path=x", "x", short)).status).toBe(409);
    const audit = (await world.get(`/keelson/v1/audit?filter=action:task.upload`)).json() as {
      readonly items: readonly { readonly message: string; readonly object: string }[];
    };
    expect(audit.items.at(-1)).toMatchObject({ object: task, message: "new/deep/data.bin: 9000000 bytes" });
  });
});

describe("bodies of other routes", { timeout: 120_000 }, () => {
  it("are still bounded", async () => {
    const answer = await request(`${world.agentUrl}/api/v1`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: Buffer.alloc(9_000_000, " "),
    });
    expect(answer.statusCode).toBe(413);
    await answer.body.dump();
  });
});
