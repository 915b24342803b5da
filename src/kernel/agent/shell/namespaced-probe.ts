/** Probes of ports of a task that is in a network namespace of its own: a process enters it and asks. */
import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { Probe } from "#domain/health/index.ts";
import type { ProbeResult } from "../core/check-results.ts";

const suffix = import.meta.url.endsWith(".ts") ? "ts" : "js";
const program = fileURLToPath(new URL(`./probe-main.${suffix}`, import.meta.url));
const answerMax = 4_096;

export function probeIn(
  namespace: string,
  probe: Extract<Probe, { kind: "http" | "tcp" }>,
  signal: AbortSignal,
): Promise<ProbeResult> {
  return new Promise((resolve) => {
    const flags = ["--disable-warning=ExperimentalWarning"];
    const child = spawn(
      "nsenter",
      [`--net=${namespace}`, "--", process.execPath, ...flags, program, JSON.stringify(probe)],
      { env: { PATH: "/usr/bin:/bin" }, cwd: "/", stdio: ["ignore", "pipe", "pipe"] },
    );
    let answer = "";
    let complaint = "";
    let failure: string | undefined;
    const kill = (): void => {
      child.kill("SIGKILL");
    };
    signal.addEventListener("abort", kill, { once: true });
    if (signal.aborted) kill();
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      answer = (answer + text).slice(0, answerMax);
    });
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      complaint = (complaint + text).slice(0, answerMax);
    });
    child.once("error", (error) => {
      failure = error.message;
    });
    child.once("close", () => {
      signal.removeEventListener("abort", kill);
      resolve(parse(answer) ?? { kind: "failed", message: failure ?? (complaint.trim() || "no answer") });
    });
  });
}

/** What `probe-main.ts` printed; undefined for one that was cut off. */
function parse(answer: string): ProbeResult | undefined {
  try {
    return JSON.parse(answer) as ProbeResult;
  } catch {
    return undefined;
  }
}
