/** Packages of the Python index, each set in an environment of its own that is kept between runs: the index is asked once. */
import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { copyFileSync, existsSync, mkdirSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

export const python = "/usr/bin/python3";
const cache = fileURLToPath(new URL("../../node_modules/.cache/keelson-python", import.meta.url));
const names = fileURLToPath(new URL("old-python", import.meta.url));
const timeout = 240_000;
/** Not synchronous: a cluster in the process of the test goes on. */
const run = promisify(execFile);

/** The interpreter of an environment with these packages, and nothing that they ask for besides. */
export async function pythonWith(
  name: string,
  packages: readonly string[],
  options: {
    /** Debian's packages too. */
    readonly systemPackages?: boolean;
    /** Written for a Python that still had names which have moved since: `old-python` lays them where they were. */
    readonly isOld?: boolean;
  } = {},
): Promise<string> {
  const wanted = createHash("sha256").update(packages.join(" ")).digest("hex").slice(0, 16);
  const folder = join(cache, `${name}-${wanted}`);
  const interpreter = join(folder, "bin/python");
  const ready = join(folder, "ready");
  while (!existsSync(ready)) {
    if (takeLock(`${folder}.lock`)) {
      try {
        await makeEnvironment(folder, packages, options.systemPackages === true);
        writeFileSync(ready, "");
      } finally {
        rmSync(`${folder}.lock`, { recursive: true, force: true });
      }
    } else await new Promise((resolve) => setTimeout(resolve, 200));
  }
  const [version = ""] = readdirSync(join(folder, "lib"));
  if (options.isOld === true)
    for (const file of readdirSync(names))
      copyFileSync(join(names, file), join(folder, "lib", version, "site-packages", file));
  return interpreter;
}

async function makeEnvironment(
  folder: string,
  packages: readonly string[],
  systemPackages: boolean,
): Promise<void> {
  rmSync(folder, { recursive: true, force: true });
  const flags = systemPackages ? ["--system-site-packages"] : [];
  await run(python, ["-m", "venv", ...flags, folder], { timeout });
  await run(join(folder, "bin/python"), ["-m", "pip", "install", "-q", "--no-deps", ...packages], {
    timeout,
  });
}

/** Two files of tests may want the same environment at once; one that was left behind by a run that died is taken over. */
function takeLock(path: string): boolean {
  mkdirSync(cache, { recursive: true });
  try {
    mkdirSync(path);
    return true;
  } catch {
    const made = statSync(path, { throwIfNoEntry: false })?.mtimeMs;
    if (made !== undefined && Date.now() - made > timeout * 2) rmSync(path, { recursive: true, force: true });
    return false;
  }
}
