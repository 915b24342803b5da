import { execFileSync } from "node:child_process";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { type ContainerDriver, type ExitReport, LaunchError, type LaunchSpec } from "../driver.ts";
import { createProcessDriver } from "./process-driver.ts";

const isRoot = process.getuid?.() === 0;
let root: string;
let driver: ContainerDriver;
let ends: Map<string, ExitReport>;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "keelson-network-"));
  chmodSync(root, 0o711);
  ends = new Map();
  driver = createProcessDriver({ cgroups: null });
  driver.onExit((report) => ends.set(report.containerId, report));
});

afterEach(async () => {
  await driver.close();
  rmSync(root, { recursive: true, force: true });
});

function specOf(value: string, networkNamespace: string): LaunchSpec {
  return {
    containerId: "task",
    runtimeDir: join(root, "runtime"),
    sandboxDir: join(root, "sandbox"),
    command: { kind: "shell", value },
    environment: {},
    limits: { cpusMillis: 100, memMib: 64 },
    networkNamespace,
    stdout: { maxBytes: 1_000_000, files: 1 },
    stderr: { maxBytes: 1_000_000, files: 1 },
  };
}

it.runIf(isRoot)("a container and its sessions are in the network namespace that was asked for", async () => {
  const namespace = join(root, "ns");
  writeFileSync(namespace, "");
  execFileSync("unshare", [`--net=${namespace}`, "true"]);
  try {
    const inode = `net:[${statSync(namespace).ino}]`;
    expect(inode).not.toBe(readlinkSync("/proc/self/ns/net"));
    await driver.launch(specOf("readlink /proc/self/ns/net; id -un; exec sleep 600", namespace));
    const stdout = (): string => readFileSync(join(root, "sandbox", "stdout"), "utf8");
    await expect.poll(stdout, { timeout: 60_000 }).toBe(`${inode}\nnobody\n`);
    const session = await driver.openSession("task", { argv: ["readlink", "/proc/self/ns/net"] });
    let said = "";
    session.stdout.on("data", (piece: Buffer) => {
      said += piece.toString("utf8");
    });
    await session.ended;
    expect(said).toBe(`${inode}\n`);
  } finally {
    await driver.destroy("task");
    await expect.poll(() => ends.size, { timeout: 60_000 }).toBe(1);
    execFileSync("umount", [namespace]);
  }
});

it.runIf(isRoot)("a namespace that is not there fails the launch, by its name", async () => {
  const launch = driver.launch(specOf("true", join(root, "nothing")));
  await expect(launch).rejects.toThrow(LaunchError);
  await expect(launch).rejects.toThrow("Failed to start the command (network): No such file or directory");
});

it.runIf(isRoot)(
  "a container and its sessions read the name and the addresses of their own network",
  async () => {
    const namespace = join(root, "ns");
    writeFileSync(namespace, "");
    execFileSync("unshare", [`--net=${namespace}`, "true"]);
    const files = join(root, "files");
    mkdirSync(files, { mode: 0o700 });
    for (const name of ["hosts", "hostname", "resolv.conf"])
      writeFileSync(join(files, name), `own ${name}\n`);
    const present = ["hosts", "hostname", "resolv.conf"].filter((name) => existsSync(`/etc/${name}`));
    const expected = `box\n${join(root, "sandbox")}\n${present.map((name) => `own ${name}\n`).join("")}`;
    const script = `hostname; env -i /bin/pwd; for name in ${present.join(" ")}; do cat /etc/$name; done`;
    const before = readFileSync("/etc/hosts", "utf8");
    try {
      const spec = specOf(`${script}; exec sleep 600`, namespace);
      await driver.launch({ ...spec, networkFiles: { directory: files, hostname: "box" } });
      const stdout = (): string => readFileSync(join(root, "sandbox", "stdout"), "utf8");
      await expect.poll(stdout, { timeout: 60_000 }).toBe(expected);
      const session = await driver.openSession("task", { argv: ["sh", "-c", script] });
      let said = "";
      session.stdout.on("data", (piece: Buffer) => {
        said += piece.toString("utf8");
      });
      await session.ended;
      expect(said).toBe(expected);
      expect(readFileSync("/etc/hosts", "utf8")).toBe(before);
    } finally {
      await driver.destroy("task");
      await expect.poll(() => ends.size, { timeout: 60_000 }).toBe(1);
      execFileSync("umount", [namespace]);
    }
  },
);
