/** A profile's file as a program for the kernel of this machine. */
import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import { release } from "node:os";
import { compileRules } from "./filter.ts";
import { readProfile } from "./profile.ts";
import { machineOf } from "./syscalls.ts";

const profileBytesMax = 1_048_576;

/** Throws an error with a sentence that names the file. */
export function loadProfile(path: string, capabilities: ReadonlySet<string>): Buffer {
  const machine = machineOf(process.arch);
  if (machine === undefined) throw new Error(`seccomp: system calls of ${process.arch} are not known`);
  try {
    return compileRules(readProfile(read(path), { machine, capabilities, kernel: release() }));
  } catch (error) {
    throw new Error(`seccomp profile ${path}: ${error instanceof Error ? error.message : String(error)}`);
  }
}

function read(path: string): string {
  const file = openSync(path, "r");
  try {
    const { size } = fstatSync(file);
    if (size > profileBytesMax) throw new RangeError(`larger than ${profileBytesMax} bytes`);
    const bytes = Buffer.alloc(size);
    return bytes.toString("utf8", 0, readSync(file, bytes));
  } finally {
    closeSync(file);
  }
}
