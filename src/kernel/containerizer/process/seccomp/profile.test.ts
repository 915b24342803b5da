import { describe, expect, it } from "vitest";
import { compileRules } from "./filter.ts";
import { type ProfileSubject, readProfile } from "./profile.ts";
import { machineOf } from "./syscalls.ts";

const machine = machineOf("x64");
if (machine === undefined) throw new Error("x64 is known");
const subject: ProfileSubject = { machine, capabilities: new Set(["NET_RAW"]), kernel: "6.1.0-28-amd64" };
const [allow, forbid] = [0x7fff_0000, 0x0005_0001];
const number = (name: string): number => machine.syscalls.get(name) ?? -1;

const read = (profile: object) => readProfile(JSON.stringify(profile), subject);
const calls = (profile: object): readonly number[] => read(profile).rules.map(({ syscall }) => syscall);
const entry = (more: object) => ({
  defaultAction: "SCMP_ACT_ERRNO",
  syscalls: [{ names: ["mkdir", "no_such_call"], action: "SCMP_ACT_ALLOW", ...more }],
});

describe("a profile of system calls", () => {
  it("becomes rules by number; calls that the machine does not have are passed over", () => {
    expect(read({ ...entry({}), archMap: [{ architecture: "SCMP_ARCH_X86_64" }] })).toEqual({
      auditArch: 0xc000_003e,
      otherwise: forbid,
      rules: [{ syscall: 83, args: [], verdict: allow }],
    });
    expect([number("read"), number("execve"), number("seccomp"), number("rseq")]).toEqual([0, 59, 317, 334]);
    const arm = machineOf("arm64")?.syscalls;
    expect([arm?.get("read"), arm?.get("execve"), arm?.get("seccomp"), arm?.get("open")]).toEqual([
      63,
      221,
      277,
      undefined,
    ]);
  });

  it("has error numbers and comparisons of arguments", () => {
    const args = [{ index: 1, value: 8, valueTwo: 4, op: "SCMP_CMP_MASKED_EQ" }];
    const more = { args, action: "SCMP_ACT_ERRNO", errnoRet: 38 };
    expect(read({ ...entry(more), defaultErrnoRet: 13 })).toMatchObject({
      otherwise: 0x0005_000d,
      rules: [{ verdict: 0x0005_0026, args: [{ index: 1, op: "MASKED_EQ", value: 8n, masked: 4n }] }],
    });
  });

  it.each([
    [{ includes: { caps: ["CAP_NET_RAW"] } }, true],
    [{ includes: { caps: ["CAP_NET_RAW", "CAP_SYS_ADMIN"] } }, false],
    [{ excludes: { caps: ["CAP_NET_RAW"] } }, false],
    [{ excludes: { caps: ["CAP_SYS_ADMIN"] } }, true],
    [{ includes: { arches: ["arm64", "amd64"] } }, true],
    [{ includes: { arches: ["arm64"] } }, false],
    [{ includes: { minKernel: "4.8" } }, true],
    [{ includes: { minKernel: "6.2" } }, false],
    [{ args: null, includes: {}, excludes: {} }, true],
  ])("of %j: a rule holds: %s", (more, isMeant) => {
    expect(calls(entry(more))).toEqual(isMeant ? [83] : []);
  });

  it.each([
    ["{", "not JSON"],
    ["[]", "the profile: not an object"],
    ["{}", "defaultAction: undefined is none of SCMP_ACT_KILL"],
    [JSON.stringify(entry({ action: "DENY" })), 'syscalls[0].action: "DENY" is none'],
    [JSON.stringify(entry({ names: [7] })), "syscalls[0].names[0]: not a name"],
    [JSON.stringify(entry({ args: [{ index: 6, op: "SCMP_CMP_EQ" }] })), "syscalls[0].args[0].index"],
    [JSON.stringify(entry({ args: [{ index: 0, op: "SAME" }] })), 'args[0].op: "SAME" is no comparison'],
    [
      JSON.stringify({ ...entry({}), architectures: ["SCMP_ARCH_AARCH64"] }),
      "is for SCMP_ARCH_AARCH64, and this machine is SCMP_ARCH_X86_64",
    ],
  ])("%s is refused: %s", (text, problem) => {
    expect(() => readProfile(text, subject)).toThrow(problem);
  });

  it("that names every call fits into a program", () => {
    const names = [...machine.syscalls.keys()];
    expect(compileRules(read(entry({ names }))).length).toBeLessThan(8 * 1_000);
  });
});
