/** Sessions in containers, on real processes. */
import { chmodSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir, userInfo } from "node:os";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { ContainerDriver, Session, SessionSpec } from "../driver.ts";
import { isAlive, readBootId, readStat } from "./proc.ts";
import { createProcessDriver } from "./process-driver.ts";

const isRoot = process.getuid?.() === 0;
const rotation = { maxBytes: 1_000_000, files: 1 };
let root: string;
let driver: ContainerDriver;

async function startContainer(id: string, value = "sleep 1000"): Promise<void> {
  await driver.launch({
    containerId: id,
    runtimeDir: join(root, "runtime", id),
    sandboxDir: join(root, "sandbox", id),
    command: { kind: "shell", value },
    environment: { COLOUR: "blue", SHAPE: "round" },
    limits: { cpusMillis: 100, memMib: 64 },
    stdout: rotation,
    stderr: rotation,
    rlimits: [{ type: "RLMT_NOFILE", soft: 100, hard: 100 }],
  });
}

beforeAll(async () => {
  root = mkdtempSync(join(tmpdir(), "keelson-session-"));
  chmodSync(root, 0o711);
  driver = createProcessDriver();
  await startContainer("one");
});
afterAll(async () => {
  await driver.destroy("one");
  await driver.close();
  rmSync(root, { recursive: true, force: true });
});

async function textOf(stream: Readable | undefined): Promise<string> {
  let text = "";
  if (stream !== undefined) for await (const piece of stream) text += String(piece);
  return text;
}

async function run(spec: SessionSpec, input?: string) {
  const session = await driver.openSession("one", spec);
  if (input !== undefined) session.stdin.end(input);
  const [stdout, stderr, exit] = await Promise.all([
    textOf(session.stdout),
    textOf(session.stderr),
    session.ended,
  ]);
  return { stdout, stderr, exit };
}

const shell = (value: string, more: Partial<SessionSpec> = {}): SessionSpec => ({
  argv: ["sh", "-c", value],
  ...more,
});

/** Waits for a text without an end of its own. */
function untilText(session: Session, wanted: RegExp): Promise<string> {
  let text = "";
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`${wanted} never came: ${text}`)), 20_000);
    const onData = (piece: Buffer): void => {
      text += piece.toString();
      if (!wanted.test(text)) return;
      clearTimeout(timer);
      session.stdout.off("data", onData);
      resolve(text);
    };
    session.stdout.on("data", onData);
  });
}

describe("a session in a container", () => {
  it("has the container's directory, environment, limits and user", async () => {
    const { stdout, exit } = await run(
      shell("pwd; echo $COLOUR $SHAPE $MORE; ulimit -n; id -un", {
        environment: { SHAPE: "square", MORE: "yes" },
      }),
    );
    const [directory, variables, files, user] = stdout.split("\n");
    expect(directory).toBe(join(root, "sandbox", "one"));
    expect(variables).toBe("blue square yes");
    expect(files).toBe("100");
    expect(user).toBe(isRoot ? "nobody" : userInfo().username);
    expect(exit).toEqual({ kind: "exited", status: 0 });
  });

  it("cannot take back what it was stripped of, and is in the container's cgroups", async () => {
    const { stdout } = await run(
      shell("grep -E '^(Uid|Groups|CapEff)' /proc/self/status; cat /proc/self/cgroup"),
    );
    if (!isRoot) return;
    expect(stdout).toMatch(/CapEff:\t0000000000000000/);
    expect(stdout).not.toMatch(/Uid:\t0/);
    if (driver.isolation().cgroups !== "none") expect(stdout).toContain("keelson/one");
  });

  it("takes input to its end, keeps outputs apart, and tells how it ended", async () => {
    const echoed = await run(shell("cat; echo wrong >&2; exit 5"), "some\ninput");
    expect(echoed).toEqual({ stdout: "some\ninput", stderr: "wrong\n", exit: { kind: "exited", status: 5 } });
    expect((await run(shell("kill -9 $$"))).exit).toMatchObject({ kind: "signaled", signalName: "SIGKILL" });
  });

  it("passes a lot through, without a terminal and with one", async () => {
    const bytes = 3_000_000;
    expect((await run(shell(`head -c ${bytes} /dev/zero`))).stdout).toHaveLength(bytes);
    const { stdout } = await run(
      shell(`head -c ${bytes} /dev/zero | tr '\\0' x`, { terminal: { rows: 24, cols: 80 } }),
    );
    expect(stdout).toHaveLength(bytes);
  });

  it("has a real terminal: size, its change, keys that interrupt, and its name", async () => {
    const session = await driver.openSession(
      "one",
      shell(
        "trap 'stty size' WINCH; trap 'echo interrupted; exit 9' INT; tty; echo $TERM; stty size; while :; do sleep 0.05; done",
        {
          terminal: { rows: 33, cols: 111 },
        },
      ),
    );
    const first = await untilText(session, /33 111/);
    expect(first).toMatch(/\/dev\/pts\/\d+\r\nxterm-256color\r\n33 111/);
    session.resize(40, 90);
    await untilText(session, /40 90/);
    const interrupted = untilText(session, /interrupted/);
    session.stdin.write("\u0003");
    await interrupted;
    expect(await session.ended).toEqual({ kind: "exited", status: 9 });
  });

  it("tells how it ended also to who changes its size meanwhile", async () => {
    const exits = await Promise.all(
      Array.from({ length: 40 }, async () => {
        const session = await driver.openSession(
          "one",
          shell("exit 5", { terminal: { rows: 24, cols: 80 } }),
        );
        session.stdout.resume();
        const ended = { isTrue: false };
        void session.ended.then(() => {
          ended.isTrue = true;
        });
        for (let cols = 80; !ended.isTrue; cols = cols === 80 ? 81 : 80) {
          session.resize(24, cols);
          await new Promise((resolve) => setImmediate(resolve));
        }
        return session.ended;
      }),
    );
    expect(exits).toEqual(exits.map(() => ({ kind: "exited", status: 5 })));
  });

  it("gets signals by name, and no others", async () => {
    const session = await driver.openSession(
      "one",
      shell("trap 'exit 4' USR1; echo up; while :; do sleep 0.05; done"),
    );
    await untilText(session, /up/);
    expect(session.signal("SIGNONE")).toBe(false);
    expect(session.signal("SIGUSR1")).toBe(true);
    expect(await session.ended).toEqual({ kind: "exited", status: 4 });
  });

  it("leaves nothing behind when it is killed, not even what fled into a session of its own", async () => {
    const session = await driver.openSession(
      "one",
      shell(
        "setsid sleep 999 & echo $!; setsid sh -c 'trap \"\" TERM HUP; echo $$; while :; do sleep 1; done'",
      ),
    );
    const pids = (await untilText(session, /\d+\n\d+\n/)).trim().split("\n").map(Number);
    const identities = [session.pid, ...pids].flatMap((pid) => {
      const stat = readStat(pid);
      return stat === undefined ? [] : [{ bootId: readBootId(), pid, startTime: stat.startTime }];
    });
    expect(identities.length).toBeGreaterThan(1);
    session.kill();
    expect(await session.ended).toEqual({ kind: "unknown" });
    expect(identities.filter((identity) => isAlive(identity, readBootId()))).toEqual([]);
  });

  it("says what stands in the way of its start", async () => {
    const start = (spec: SessionSpec) => driver.openSession("one", spec);
    await expect(start({ argv: ["no-such-program"] })).rejects.toThrow(
      "Failed to start the command (exec): No such file or directory",
    );
    await expect(start({ argv: [] })).rejects.toThrow("there is no command");
    await expect(start(shell("true", { environment: { "A=B": "c" } }))).rejects.toThrow(
      "cannot be a variable",
    );
    await expect(driver.openSession("none", shell("true"))).rejects.toThrow("does not run");
    // The file with the environment is nowhere in the tree.
    expect(readdirSync(join(root, "runtime", "one")).filter((name) => name.startsWith("session"))).toEqual(
      [],
    );
  });

  it("ends with its container", async () => {
    await startContainer("short");
    const session = await driver.openSession("short", shell("sleep 1000"));
    const ended = new Promise((resolve) =>
      driver.onExit(({ containerId }) => containerId === "short" && resolve(1)),
    );
    await driver.destroy("short");
    await Promise.all([session.ended, ended]);
  });
});
