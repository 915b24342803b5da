/** What strangers' programs are built and run with, where a machine has it. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { pythonWith } from "./python-packages.ts";

export const goSources = "/usr/share/gocode/src/github.com/mesos/mesos-go/api/v1/lib";
export const goCompiler = [process.env["GO"] ?? "", "/usr/local/go/bin/go", "/usr/bin/go"].find((path) =>
  existsSync(path),
);
/** Of Debian; the index has it as source for a compiler. */
export const pythonParser = "/usr/lib/python3/dist-packages/http_parser";

/** A Python with pymesos from the index. */
export const pymesosInterpreter = (): Promise<string> =>
  pythonWith("pymesos", ["pymesos==0.3.15", "addict==2.4.0"], { systemPackages: true });

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
