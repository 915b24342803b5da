/** Row 109 of the Mesos checklist: capabilities, system calls and limits of processes, on real processes. */
import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { LinuxInfo, RLimitInfo } from "#contracts/kernel/messages.gen.ts";
import { KernelWorld, type Scheduler } from "./agent-world.ts";

const isRoot = process.getuid?.() === 0;
const profiles = mkdtempSync(join(tmpdir(), "keelson-profiles-"));
const without = (names: readonly string[], action: object) =>
  JSON.stringify({ defaultAction: "SCMP_ACT_ALLOW", syscalls: [{ names, ...action }] });
writeFileSync(
  join(profiles, "default.json"),
  without(["mkdir", "mkdirat"], { action: "SCMP_ACT_ERRNO", errnoRet: 38 }),
);
writeFileSync(
  join(profiles, "no-links.json"),
  without(["symlink", "symlinkat"], { action: "SCMP_ACT_KILL_PROCESS" }),
);
// What is said to a process only ever by its number: a signal of its own goes through, others do not.
writeFileSync(
  join(profiles, "no-term.json"),
  without(["kill"], { action: "SCMP_ACT_ERRNO", args: [{ index: 1, value: 15, op: "SCMP_CMP_EQ" }] }),
);
writeFileSync(join(profiles, "broken.json"), '{"defaultAction":"DENY"}');

let world: KernelWorld;
let scheduler: Scheduler;
beforeAll(async () => {
  world = await KernelWorld.start({
    seccompConfigDir: profiles,
    policy: { seccompProfile: "default.json" },
  });
  scheduler = await world.subscribe();
}, 120_000);
afterAll(async () => {
  await world?.close();
  rmSync(profiles, { recursive: true, force: true });
});

interface Outcome {
  readonly state: string;
  readonly message: string;
  readonly stdout: string;
}

function sandboxes(dir: string, task: string): readonly string[] {
  return readdirSync(dir, { recursive: true, encoding: "utf8" })
    .filter((path) => path.includes(`/executors/${task}/runs/`) && path.endsWith("/stdout"))
    .map((path) => join(dir, path));
}

async function run(
  command: string,
  container: { readonly linux?: LinuxInfo; readonly rlimits?: RLimitInfo["rlimits"]; readonly user?: string },
): Promise<Outcome> {
  const { linux, rlimits, user } = container;
  const task = await scheduler.launch(
    { shell: true, value: command, ...(user === undefined ? {} : { user }) },
    {
      container: {
        type: "MESOS",
        ...(linux === undefined ? {} : { linux_info: linux }),
        ...(rlimits === undefined ? {} : { rlimit_info: { rlimits } }),
      },
    },
  );
  const { state, message = "" } = await scheduler.ended(task);
  const [path] = sandboxes(join(world.dir, "agent-0", "work"), task);
  return { state, message, stdout: path === undefined ? "" : readFileSync(path, "utf8") };
}

const status = "grep -E '^(Cap|NoNewPrivs|Seccomp:)' /proc/self/status";
const lines = (stdout: string): Readonly<Record<string, string>> =>
  Object.fromEntries(stdout.split("\n").map((line) => line.split(/:\s+/) as [string, string]));
const netRaw = (1n << 13n).toString(16).padStart(16, "0");
const netRawAndKill = ((1n << 13n) | (1n << 5n)).toString(16).padStart(16, "0");
const none = "0".repeat(16);
const some = (...capabilities: NonNullable<NonNullable<LinuxInfo["capability_info"]>["capabilities"]>) => ({
  capabilities,
});

describe.skipIf(!isRoot)("a task's capabilities", { timeout: 120_000 }, () => {
  it.each(["nobody", "root"])(
    "mesos.md§8#109 of the user %s are those it asked for, within the bound, also in what it starts",
    async (user) => {
      const linux = {
        effective_capabilities: some("NET_RAW"),
        bounding_capabilities: some("NET_RAW", "KILL"),
      };
      const { state, stdout } = await run(status, { linux, user });
      expect(state).toBe("TASK_FINISHED");
      expect(lines(stdout)).toMatchObject({
        CapEff: netRaw,
        CapPrm: netRaw,
        CapInh: netRaw,
        CapAmb: netRaw,
        CapBnd: netRawAndKill,
      });
    },
  );

  it("mesos.md§8#109 none leaves root without any power", async () => {
    const linux = { effective_capabilities: {} };
    const { state, stdout } = await run(`${status}; cat /etc/shadow 2>&1 >/dev/null; chown nobody . 2>&1`, {
      linux,
      user: "root",
    });
    expect(state).toBe("TASK_FAILED");
    expect(lines(stdout)).toMatchObject({ CapEff: none, CapPrm: none, CapBnd: none });
    expect(stdout).toContain("Operation not permitted");
  });

  it("mesos.md§8#109 an effective one beyond the bound is a launch that fails, and names the field", async () => {
    const linux = {
      effective_capabilities: some("NET_RAW", "SYS_ADMIN"),
      bounding_capabilities: some("NET_RAW"),
    };
    const { state, message } = await run("true", { linux });
    expect(state).toBe("TASK_FAILED");
    expect(message).toContain("TaskInfo.container.linux_info.effective_capabilities: NET_RAW at most");
  });

  it("mesos.md§8#109 the agent's own hold for a task that says nothing, and none goes beyond its bound", async () => {
    await world.stopAgent();
    await world.startAgent({
      seccompConfigDir: profiles,
      policy: {
        effectiveCapabilities: ["NET_RAW"],
        boundingCapabilities: ["NET_RAW", "KILL"],
        seccompProfile: "default.json",
      },
    });
    const { stdout } = await run(status, {});
    expect(lines(stdout)).toMatchObject({ CapEff: netRaw, CapBnd: netRawAndKill });
    const { message } = await run("true", { linux: { effective_capabilities: some("SYS_ADMIN") } });
    expect(message).toContain("NET_RAW, KILL at most");
  });
});

describe("a task's system calls", { timeout: 120_000 }, () => {
  it("mesos.md§8#109 are those of the agent's profile, of its own, or of none", async () => {
    const attempt = "mkdir made 2>&1; ln -s a link 2>&1 && echo linked; grep Seccomp: /proc/self/status";
    const usual = await run(attempt, {});
    expect(usual.stdout).toContain("Function not implemented");
    expect(usual.stdout).toMatch(/linked\nSeccomp:\s+2\n/);
    const own = await run(attempt, { linux: { seccomp: { profile_name: "no-links.json" } } });
    expect(own.stdout).not.toContain("Function not implemented");
    // Ended by SIGSYS.
    expect(own.stdout).toMatch(/Bad system call|^Seccomp:\s+2\n$/);
    expect(own.stdout).not.toContain("linked");
    const free = await run(attempt, { linux: { seccomp: { unconfined: true } } });
    expect(free.stdout).toMatch(/^linked\nSeccomp:\s+0\n$/);
  });

  it("mesos.md§8#109 may be forbidden by what they are called with", async () => {
    const { stdout } = await run("kill -0 $$ && echo asked; kill -TERM $$ 2>&1; echo lives", {
      linux: { seccomp: { profile_name: "no-term.json" } },
    });
    expect(stdout).toMatch(/^asked\n.*Operation not permitted\n+lives\n$/);
  });

  it("mesos.md§8#109 a profile that is not there or makes no sense is a launch that fails", async () => {
    for (const [name, problem] of [
      ["absent.json", "ENOENT"],
      ["broken.json", 'defaultAction: "DENY" is none of'],
    ] as const) {
      const { state, message } = await run("true", { linux: { seccomp: { profile_name: name } } });
      expect(state).toBe("TASK_FAILED");
      expect(message).toContain(name);
      expect(message).toContain(problem);
    }
  });
});

describe.skipIf(!isRoot)("memory and numbers of processes of a task's own", { timeout: 120_000 }, () => {
  const seen = "readlink /proc/self/ns/ipc; df -m /dev/shm | tail -1; id -u";
  const machines = readlinkSync("/proc/self/ns/ipc");

  it("mesos.md§6 with ipc_mode PRIVATE are of the size it says, and nobody else's", async () => {
    const { state, stdout } = await run(
      `${seen}; echo word > /dev/shm/keelson-own && cat /dev/shm/keelson-own`,
      {
        linux: { ipc_mode: "PRIVATE", shm_size: 17 },
      },
    );
    expect(state).toBe("TASK_FINISHED");
    expect(stdout).not.toContain(machines);
    expect(stdout).toMatch(/shm +17 +/);
    expect(stdout).toMatch(/word\n$/);
    expect(existsSync("/dev/shm/keelson-own")).toBe(false);
    for (const linux of [{}, { ipc_mode: "SHARE_PARENT" }] as const)
      expect((await run(seen, { linux })).stdout).toContain(machines);
    const { message } = await run("true", { linux: { shm_size: 17 } });
    expect(message).toContain("TaskInfo.container.linux_info.shm_size: only with the ipc_mode PRIVATE");
  });

  it("mesos.md§6 share_pid_namespace false shows it no process but its own", async () => {
    const numbers = "readlink /proc/self/ns/pid; echo $$; ls -d /proc/[0-9]* | wc -l";
    const own = (await run(numbers, { linux: { share_pid_namespace: false } })).stdout.split("\n");
    expect(own[0]).not.toBe(readlinkSync("/proc/self/ns/pid"));
    expect(own[1]).toBe("1");
    expect(Number(own[2])).toBeLessThan(5);
    const shared = await run(numbers, { linux: { share_pid_namespace: true } });
    expect(shared.stdout).toContain(readlinkSync("/proc/self/ns/pid"));
  });
});

describe("limits of a task's processes", { timeout: 120_000 }, () => {
  it("mesos.md§8#109 are as asked for, soft and hard, and hold", async () => {
    const { state, stdout } = await run(
      "ulimit -Sn; ulimit -Hn; ulimit -Sf; ulimit -c; head -c 1000000 /dev/zero > big; wc -c < big; (ulimit -Hn 18) || echo refused",
      {
        rlimits: [
          { type: "RLMT_NOFILE", soft: 15, hard: 17 },
          { type: "RLMT_FSIZE", soft: 102_400, hard: 102_400 },
          { type: "RLMT_CORE", soft: 0, hard: 0 },
        ],
      },
    );
    expect(state).toBe("TASK_FINISHED");
    expect(stdout).toBe("15\n17\n200\n0\n102400\nrefused\n");
  });

  it("mesos.md§8#109 both or neither are given, the soft one not above the hard one", async () => {
    const limit = async (more: object) =>
      (await run("ulimit -Hc", { rlimits: [{ type: "RLMT_CORE", ...more }] })) satisfies Outcome;
    expect(await limit({})).toMatchObject({ state: "TASK_FINISHED", stdout: "unlimited\n" });
    expect((await limit({ soft: 5 })).message).toContain("RLMT_CORE: soft and hard, or neither");
    expect((await limit({ soft: 5, hard: 4 })).message).toContain("0 <= soft <= hard");
  });
});
