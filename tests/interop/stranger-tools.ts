/** What strangers' programs are built and run with, where a machine has it. */
import { execFile } from "node:child_process";
import { existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { pythonWith } from "./python-packages.ts";

const here = fileURLToPath(new URL(".", import.meta.url));
/** Not synchronous: what goes on beside it in the same process has its own deadlines. */
export const runTool = promisify(execFile);

export const goSources = "/usr/share/gocode/src/github.com/mesos/mesos-go/api/v1/lib";
export const goCompiler = [process.env["GO"] ?? "", "/usr/local/go/bin/go", "/usr/bin/go"].find((path) =>
  existsSync(path),
);
/** Of Debian; the index has it as source for a compiler. */
export const pythonParser = "/usr/lib/python3/dist-packages/http_parser";

/** A Python with pymesos from the index. */
export const pymesosInterpreter = (): Promise<string> =>
  pythonWith("pymesos", ["pymesos==0.3.15", "addict==2.4.0"], { systemPackages: true });

export const maven = ["/usr/bin/mvn", "/usr/local/bin/mvn"].find((path) => existsSync(path));
export const java = ["/usr/bin/java", "/usr/local/bin/java"].find((path) => existsSync(path));

/** The class path of a folder's `pom.xml`. It is kept between runs: the repository is asked once. */
export async function javaLibraries(name: string): Promise<string> {
  const folder = join(here, `../../node_modules/.cache/keelson-${name}`);
  if (!existsSync(join(folder, "ready"))) {
    mkdirSync(folder, { recursive: true });
    const goal = ["dependency:copy-dependencies", `-DoutputDirectory=${join(folder, "lib")}`];
    await runTool(maven ?? "", ["-q", "-B", "-f", join(here, name, "pom.xml"), ...goal], {
      timeout: 240_000,
    });
    mkdirSync(join(folder, "ready"));
  }
  return join(folder, "lib/*");
}

/**
 * A program from Go's module proxy, in the versions that the `go.mod` of its folder here lists. Undefined where there is no compiler,
 * or the proxy doesn't give it.
 */
export async function goProgram(folder: string, target = "."): Promise<string | undefined> {
  if (goCompiler === undefined) return undefined;
  const program = join(here, `../../node_modules/.cache/keelson-${folder}/program`);
  try {
    await runTool(goCompiler, ["build", "-mod=readonly", "-o", program, target], {
      cwd: join(here, folder),
      timeout: 400_000,
    });
    return program;
  } catch (error) {
    if (/: (?:403|404|410) |dial tcp|TLS handshake/.test(String(error))) return undefined;
    throw error;
  }
}

/** Debian's. */
export const prometheus = "/usr/bin/prometheus";
export const nginx = "/usr/sbin/nginx";
export const haproxy = "/usr/sbin/haproxy";

/** Where a program that no registry of packages has is checked out: a folder of its name in the one that is given. */
export function checkedOut(name: string): string | undefined {
  const folder = process.env["KEELSON_STRANGERS"];
  const path = folder === undefined ? undefined : join(folder, name);
  return path !== undefined && existsSync(path) ? path : undefined;
}
