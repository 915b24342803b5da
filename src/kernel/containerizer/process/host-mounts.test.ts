/** Folders and files of the machine in containers of plain processes, seen from inside. */
import { execFileSync } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { ContainerDriver, ExitReport, LaunchSpec, VolumeMount } from "../driver.ts";
import { createProcessDriver } from "./process-driver.ts";
import { linkVolumes } from "./volumes.ts";

const isRoot = process.getuid?.() === 0;
const root = mkdtempSync(join(tmpdir(), "keelson-host-mounts-"));
const host = join(root, "host");

beforeAll(() => {
  mkdirSync(join(host, "below"), { recursive: true });
  for (const folder of [root, host, join(host, "below")]) chmodSync(folder, 0o777);
  writeFileSync(join(host, "note"), "of the machine\n");
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

const mounted = (containerPath: string, more: Partial<VolumeMount> = {}): VolumeMount => ({
  directory: host,
  containerPath,
  isHosts: true,
  ...more,
});
const readOnly = { isReadOnly: true };

describe.runIf(isRoot)("an agent that is root mounts them", () => {
  let driver: ContainerDriver;
  const ends = new Map<string, PromiseWithResolvers<ExitReport>>();
  const end = (id: string): PromiseWithResolvers<ExitReport> => {
    const found = ends.get(id) ?? Promise.withResolvers<ExitReport>();
    ends.set(id, found);
    return found;
  };
  beforeAll(() => {
    driver = createProcessDriver();
    driver.onExit((report) => end(report.containerId).resolve(report));
  });
  afterAll(() => driver.close());

  const specOf = (id: string, value: string, volumes: readonly VolumeMount[]): LaunchSpec => ({
    containerId: id,
    runtimeDir: join(root, "runtime", id),
    sandboxDir: join(root, "sandbox", id),
    command: { kind: "shell", value },
    environment: {},
    limits: { cpusMillis: 100, memMib: 64 },
    volumes,
    stdout: { maxBytes: 1_000_000, files: 1 },
    stderr: { maxBytes: 1_000_000, files: 1 },
  });
  async function said(id: string, value: string, volumes: readonly VolumeMount[]): Promise<string> {
    await driver.launch(specOf(id, value, volumes));
    const { message } = await end(id).promise;
    return `${readFileSync(join(root, "sandbox", id, "stdout"), "utf8")}${message}`;
  }

  it("one to write to is the machine's own: what is written stays, and whose it is doesn't change", async () => {
    const out = await said("rw", "cat data/note; echo new > data/made; pwd", [mounted("data")]);
    expect(out).toBe(`of the machine\n${join(root, "sandbox", "rw")}\nCommand exited with status 0`);
    expect(readFileSync(join(host, "made"), "utf8")).toBe("new\n");
    // Outside of the container there is the empty place it was put over.
    expect(readdirSync(join(root, "sandbox", "rw", "data"))).toEqual([]);
  });

  it("what is mounted in one that shares mounts is seen on both sides; in one that is slave, of the machine only", async () => {
    const place = join(root, "places");
    mkdirSync(place);
    const mount = (...args: readonly string[]) => execFileSync("mount", args);
    mount("-t", "tmpfs", "keelson", place);
    try {
      mount("--make-shared", place);
      for (const name of ["in", "late"]) mkdirSync(join(place, name));
      const volume = (propagation: "shared" | "slave") => [
        mounted("data", { directory: place, propagation }),
      ];
      const wait = "until test -e data/late/x; do sleep 0.05; done; echo seen";
      const launch = (id: string, value: string, volumes: readonly VolumeMount[]) =>
        driver.launch({ ...specOf(id, value, volumes), user: "root" });
      await launch("shared", "mount -t tmpfs in data/in && touch data/in/x", volume("shared"));
      await launch("slave", `mount -t tmpfs in data/in && touch data/in/y; ${wait}`, volume("slave"));
      expect((await end("shared").promise).message).toBe("Command exited with status 0");
      mount("-t", "tmpfs", "late", join(place, "late"));
      writeFileSync(join(place, "late/x"), "");
      expect((await end("slave").promise).message).toBe("Command exited with status 0");
      expect(readdirSync(join(place, "in"))).toEqual(["x"]);
      execFileSync("umount", [join(place, "in")]);
      execFileSync("umount", [join(place, "late")]);
      mount("--make-private", place);
      await expect(launch("alone", "true", volume("shared"))).rejects.toThrow(
        `The volume at data can't share mounts: ${place}, which ${place} is on, is no shared mount of the machine`,
      );
    } finally {
      execFileSync("umount", ["-R", place]);
    }
  });

  it("one to read only is written to by nobody, nor is what is mounted below it", async () => {
    const command =
      "cat deep/data/note; touch deep/data/x 2>/dev/null || echo fixed; touch deep/data/below/x 2>/dev/null || echo fixed below";
    const below = mounted("deep/data/below", { directory: join(host, "below"), ...readOnly });
    const out = await said("ro", command, [mounted("deep/data", readOnly), below]);
    expect(out).toBe("of the machine\nfixed\nfixed below\nCommand exited with status 0");
  });

  it("an absolute place is covered for this container only, a file by a file", async () => {
    const volumes = [
      mounted("/mnt"),
      mounted("/etc/hostname", { directory: join(host, "note"), ...readOnly }),
    ];
    const out = await said("absolute", "cat /mnt/note /etc/hostname", volumes);
    expect(out).toBe("of the machine\nof the machine\nCommand exited with status 0");
    expect(readFileSync("/etc/hostname", "utf8")).not.toContain("of the machine");
  });

  it("one below the sandbox is made, or what another volume brings there", async () => {
    const sandbox = join(root, "sandbox", "below");
    const below = (path: string, containerPath: string): VolumeMount =>
      mounted(containerPath, { directory: join(sandbox, path), isInSandbox: true });
    const kept: VolumeMount = { directory: host, containerPath: "kept" };
    const volumes = [below("deep/made", "/mnt"), below("kept", "/media"), kept];
    const out = await said("below", "cat /media/note; echo mine > /mnt/mine; cat deep/made/mine", volumes);
    expect(out).toBe("of the machine\nmine\nCommand exited with status 0");
    expect(readFileSync(join(sandbox, "deep/made/mine"), "utf8")).toBe("mine\n");
  });

  it("a session is where the task is", async () => {
    await driver.launch(specOf("session", "exec sleep 1000", [mounted("data", readOnly)]));
    const session = await driver.openSession("session", {
      argv: ["sh", "-c", "cat data/note; touch data/y || echo fixed; pwd"],
    });
    const out = await text(session.stdout);
    expect(out).toBe(`of the machine\nfixed\n${join(root, "sandbox", "session")}\n`);
    await driver.destroy("session");
    await end("session").promise;
  });

  it.each<[string, VolumeMount, RegExp]>([
    [
      "missing",
      mounted("data", { directory: "/nowhere/at/all" }),
      /host_path .*\/nowhere\/at\/all, is not there/,
    ],
    [
      "no-place",
      mounted("/nowhere/in/it"),
      /container_path \/nowhere\/in\/it is not there: without an image/,
    ],
    ["unlike", mounted("/etc/hostname"), /can't be at \/etc\/hostname: a folder/],
    ["outside", mounted("../data"), /not a path in the sandbox/],
  ])("what can't be had fails the launch by its name: %s", async (id, volume, says) => {
    await expect(driver.launch(specOf(id, "true", [volume]))).rejects.toThrow(says);
  });

  it("no link of the task's leads the mount out of the sandbox", async () => {
    // What is fetched comes before the shim does.
    const archive = join(root, "links.tar");
    execFileSync("sh", ["-c", `mkdir links && ln -s /mnt links/way && tar -cf ${archive} -C links way`], {
      cwd: root,
    });
    const spec = { ...specOf("link", "true", [mounted("way")]), uris: [{ value: archive }] };
    await expect(driver.launch(spec)).rejects.toThrow(/"way" is already a folder/);
  });
});

describe("an agent that isn't links them", () => {
  const link = (name: string, volume: VolumeMount): Promise<void> => {
    const sandbox = join(root, name);
    mkdirSync(sandbox);
    return linkVolumes(sandbox, [volume], { account: undefined, hasRoot: false, canMount: false });
  };
  it("in the sandbox", async () => {
    await link("linked", mounted("deep/data"));
    expect(readFileSync(join(root, "linked", "deep/data/note"), "utf8")).toBe("of the machine\n");
  });
  it.each<[string, VolumeMount, RegExp]>([
    ["read-only", mounted("data", readOnly), /read-only: that needs an agent that runs as root/],
    ["elsewhere", mounted("/mnt"), /outside of the sandbox that needs an agent that runs as root/],
    ["missing", mounted("data", { directory: "/nowhere/at/all" }), /\/nowhere\/at\/all, is not there/],
  ])("and refuses what links can't give: %s", async (name, volume, says) => {
    await expect(link(`not-${name}`, volume)).rejects.toThrow(says);
  });
});
