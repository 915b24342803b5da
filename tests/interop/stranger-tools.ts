/** What strangers' programs are built and run with, where a machine has it. */
import { execFile } from "node:child_process";
import { existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const run = promisify(execFile);

export const goSources = "/usr/share/gocode/src/github.com/mesos/mesos-go/api/v1/lib";
export const goCompiler = [process.env["GO"] ?? "", "/usr/local/go/bin/go", "/usr/bin/go"].find((path) =>
  existsSync(path),
);
export const python = "/usr/bin/python3";
/** Of Debian; the index has it as source for a compiler. */
export const pythonParser = "/usr/lib/python3/dist-packages/http_parser";

/** A Python with pymesos from the index. Kept between runs: the index is asked once. */
export async function pymesosInterpreter(): Promise<string> {
  const folder = join(
    fileURLToPath(new URL(".", import.meta.url)),
    "../../node_modules/.cache/keelson-pymesos",
  );
  const interpreter = join(folder, "bin/python");
  if (existsSync(join(folder, "ready"))) return interpreter;
  mkdirSync(folder, { recursive: true });
  await run(python, ["-m", "venv", "--system-site-packages", folder], { timeout: 120_000 });
  const packages = ["pymesos==0.3.15", "addict==2.4.0"];
  await run(interpreter, ["-m", "pip", "install", "-q", "--no-deps", ...packages], { timeout: 120_000 });
  mkdirSync(join(folder, "ready"));
  return interpreter;
}
