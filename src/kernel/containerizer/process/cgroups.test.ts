import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { detectCgroups } from "./cgroups.ts";

it("writes cgroup v2 limits and reads an out-of-memory kill, on a tree that is only files", () => {
  const root = mkdtempSync(join(tmpdir(), "keelson-cgroup-"));
  try {
    writeFileSync(join(root, "cgroup.controllers"), "cpuset cpu io memory pids\n");
    const groups = detectCgroups(root);
    groups?.create("c", { cpusMillis: 500, memMib: 64, memLimitMib: 128, cpusLimitMillis: 2000 });
    const path = join(root, "keelson", "c");
    mkdirSync(path, { recursive: true });
    const read = (name: string): string => readFileSync(join(path, name), "utf8");
    expect(groups?.version).toBe("v2");
    expect(read("cpu.weight")).toBe("50");
    expect(read("cpu.max")).toBe("200000 100000");
    expect(read("memory.low")).toBe(String(64 * 1024 * 1024));
    expect(read("memory.max")).toBe(String(128 * 1024 * 1024));
    expect(groups?.oom("c")).toBeUndefined();
    writeFileSync(join(path, "memory.events"), "low 0\nhigh 0\nmax 3\noom 1\noom_kill 1\n");
    expect(groups?.oom("c")?.limitBytes).toBe(128 * 1024 * 1024);
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
});

const shimFolder = join(import.meta.dirname, "../../../../native/shim");
function compilerVersion(): string {
  try {
    return execFileSync("x86_64-linux-gnu-gcc", ["--version"], { encoding: "utf8" });
  } catch {
    return "";
  }
}

it.skipIf(!compilerVersion().includes("12.2.0-14"))(
  "the shipped x64 shim is what its source builds to",
  () => {
    const folder = mkdtempSync(join(tmpdir(), "keelson-shim-"));
    try {
      execFileSync(join(shimFolder, "build.sh"), ["x64", join(folder, "shim")]);
      const hash = (path: string): string => createHash("sha256").update(readFileSync(path)).digest("hex");
      expect(hash(join(folder, "shim"))).toBe(hash(join(shimFolder, "bin/linux-x64/shim")));
      for (const name of ["shim.c", "task.c", "session.c", "main.c"])
        expect(readFileSync(join(shimFolder, name), "utf8").split("\n").length - 1).toBeLessThanOrEqual(400);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  },
);
