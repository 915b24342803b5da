/** The files a shim leaves in a container's runtime directory. Format: native/shim/README.md. */
import { closeSync, fsyncSync, openSync, readFileSync, renameSync, writeSync } from "node:fs";
import { constants } from "node:os";
import { join } from "node:path";
import type { ContainerExit, ExitReport, ProcessIdentity } from "../driver.ts";

/** Version this driver writes, and the newest it reads. Older ones stay readable. */
export const runtimeDirVersion = 1;

export interface ShimIdentities {
  readonly main: ProcessIdentity;
  readonly shim: ProcessIdentity;
}

export interface ShimEnd {
  readonly kind: "ended";
  readonly waitStatus: number;
  readonly startedAtMs: number;
  readonly endedAtMs: number;
  readonly userMs: number;
  readonly systemMs: number;
  readonly maxRssBytes: number;
  readonly droppedBytes: number;
}

export interface ShimFailure {
  readonly kind: "failed";
  readonly stage: string;
  readonly message: string;
}

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
    throw error;
  }
}

function fieldsOf(text: string): Map<string, string> {
  const fields = new Map<string, string>();
  for (const line of text.split("\n")) {
    const space = line.indexOf(" ");
    if (space > 0) fields.set(line.slice(0, space), line.slice(space + 1));
  }
  const version = Number(fields.get("version"));
  if (!(version >= 1 && version <= runtimeDirVersion))
    throw new Error(
      `the runtime directory has version ${fields.get("version")}; this agent reads up to ${runtimeDirVersion}`,
    );
  return fields;
}

/** undefined while the shim has not written it. */
export function readIdentities(runtimeDir: string): ShimIdentities | undefined {
  const text = readText(join(runtimeDir, "pid"));
  if (text === undefined) return undefined;
  const fields = fieldsOf(text);
  const bootId = fields.get("boot") ?? "";
  const identity = (name: string): ProcessIdentity => {
    const [pid = "0", startTime = ""] = (fields.get(name) ?? "").split(" ");
    return { bootId, pid: Number(pid), startTime };
  };
  return { main: identity("main"), shim: identity("shim") };
}

export function readExit(runtimeDir: string): ShimEnd | ShimFailure | undefined {
  const text = readText(join(runtimeDir, "exit"));
  if (text === undefined) return undefined;
  const fields = fieldsOf(text);
  const failed = fields.get("failed");
  if (failed !== undefined) {
    const [stage = "?", , ...words] = failed.split(" ");
    return { kind: "failed", stage, message: words.join(" ") };
  }
  const number = (name: string): number => Number(fields.get(name) ?? 0);
  return {
    kind: "ended",
    waitStatus: number("status"),
    startedAtMs: number("started_ms"),
    endedAtMs: number("ended_ms"),
    userMs: Math.round(number("user_us") / 1000),
    systemMs: Math.round(number("system_us") / 1000),
    maxRssBytes: number("maxrss_kib") * 1024,
    droppedBytes: number("dropped_stdout") + number("dropped_stderr"),
  };
}

/** Reads a raw status as wait(2) gives it: exit status in bits 8-15, signal in bits 0-6, core in bit 7. */
export function decodeWaitStatus(waitStatus: number): ContainerExit {
  const signal = waitStatus & 0x7f;
  if (signal === 0) return { kind: "exited", status: (waitStatus >> 8) & 0xff };
  return { kind: "signaled", signal, signalName: signalName(signal), core: (waitStatus & 0x80) !== 0 };
}

function signalName(signal: number): string {
  for (const [name, value] of Object.entries(constants.signals)) if (value === signal) return name;
  return `signal ${signal}`;
}

/** For a task status. Source: Mesos command executor. */
export function describeExit(exit: ContainerExit): string {
  switch (exit.kind) {
    case "exited":
      return `Command exited with status ${exit.status}`;
    case "signaled":
      return `Command terminated with signal ${exit.signalName}${exit.core ? " (core dumped)" : ""}`;
    case "unknown":
      return "The process beside the task ended without telling how the task ended; what was left of it was killed";
  }
}

/** By rename, after a sync: readers see all of it or nothing. */
export function writeDurably(path: string, content: string | Buffer): void {
  const temporary = `${path}.tmp`;
  const fd = openSync(temporary, "w", 0o600);
  try {
    writeSync(fd, typeof content === "string" ? Buffer.from(content) : content);
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
  renameSync(temporary, path);
}

/** What this driver concluded from an end, kept because cgroups are gone afterwards. */
export function readReport(runtimeDir: string): ExitReport | undefined {
  const text = readText(join(runtimeDir, "report.json"));
  // Written by `writeReport` alone, in a directory no task can write to.
  return text === undefined ? undefined : (JSON.parse(text) as ExitReport);
}

export function writeReport(runtimeDir: string, report: ExitReport): void {
  writeDurably(join(runtimeDir, "report.json"), JSON.stringify(report));
}
