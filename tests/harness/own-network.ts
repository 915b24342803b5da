/** Scenarios that make bridges and rules of packets: each runs in a network namespace that ends with it. */
import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { scriptArguments } from "./programs.ts";

const deadlineMs = 240_000;

/**
 * Runs a script in a network of its own, of which nothing is left, and answers the facts that it told (`tellFacts`).
 * Needs root.
 */
export function inOwnNetwork<Facts>(script: URL): Promise<Facts> {
  return new Promise((resolve, reject) => {
    const child = spawn(
      "unshare",
      [
        "--net",
        "--mount",
        "--",
        "sh",
        "-c",
        'ip link set lo up && exec "$@"',
        "sh",
        process.execPath,
        ...scriptArguments(fileURLToPath(script)),
      ],
      { stdio: ["ignore", "pipe", "pipe"] },
    );
    let said = "";
    let complaint = "";
    const timer = setTimeout(() => child.kill("SIGKILL"), deadlineMs);
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      said += text;
    });
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      complaint += text;
    });
    child.once("error", reject);
    child.once("close", (code, signal) => {
      clearTimeout(timer);
      if (code === 0) resolve(JSON.parse(said.trim().split("\n").at(-1) ?? "") as Facts);
      else reject(new Error(`the scenario ended with ${code ?? signal}: ${said}${complaint}`));
    });
  });
}

/** The last line that a scenario prints. */
export function tellFacts(facts: object): void {
  process.stdout.write(`${JSON.stringify(facts)}\n`);
}
