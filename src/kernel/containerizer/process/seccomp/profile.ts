/**
 * Profiles of system calls, in the form that Docker gave them, as rules for this machine.
 *
 * Source: Mesos linux/seccomp, ContainerInfo.linux_info.seccomp; contract mesos.md section 6. Of rules that fit a call the
 * first decides. Calls that this machine does not have are passed over. Programs of another architecture end at their
 * first call, whatever `archMap` has of it: ADR 140.
 */
import { type ArgumentTest, type Comparison, killProcess, type Rule, type RuleSet } from "./filter.ts";
import type { Machine } from "./syscalls.ts";

/** Whom a profile is for: rules may hold with or without a capability, an architecture, or a kernel. */
export interface ProfileSubject {
  readonly machine: Machine;
  /** Without `CAP_`. */
  readonly capabilities: ReadonlySet<string>;
  /** Such as `6.1.0`. */
  readonly kernel: string;
}

const rulesMax = 5_000;
const noPermission = 1;
const errnoMax = 4_095;
const verdicts: ReadonlyMap<string, number> = new Map([
  ["SCMP_ACT_KILL", 0],
  ["SCMP_ACT_KILL_THREAD", 0],
  ["SCMP_ACT_KILL_PROCESS", killProcess],
  ["SCMP_ACT_TRAP", 0x0003_0000],
  ["SCMP_ACT_ERRNO", 0x0005_0000],
  ["SCMP_ACT_TRACE", 0x7ff0_0000],
  ["SCMP_ACT_LOG", 0x7ffc_0000],
  ["SCMP_ACT_ALLOW", 0x7fff_0000],
]);
const comparisons: ReadonlySet<string> = new Set<Comparison>([
  "NE",
  "LT",
  "LE",
  "EQ",
  "GE",
  "GT",
  "MASKED_EQ",
]);

type Fields = Readonly<Record<string, unknown>>;

/** Throws RangeError that says what of the profile is wrong, and where. */
export function readProfile(text: string, subject: ProfileSubject): RuleSet {
  const profile = fieldsOf(parse(text), "the profile");
  const { machine } = subject;
  const known = architecturesOf(profile);
  if (known.length > 0 && !known.includes(machine.name))
    throw new RangeError(`the profile is for ${known.join(", ")}, and this machine is ${machine.name}`);
  const standard = integerOf(profile["defaultErrnoRet"], "defaultErrnoRet", errnoMax) ?? noPermission;
  const rules = listOf(profile["syscalls"], "syscalls").flatMap((each, index) =>
    rulesOf(fieldsOf(each, `syscalls[${index}]`), `syscalls[${index}]`, subject),
  );
  if (rules.length > rulesMax) throw new RangeError(`syscalls: more than ${rulesMax} rules`);
  return {
    auditArch: machine.auditArch,
    rules,
    otherwise: verdictOf(profile["defaultAction"], "defaultAction", standard),
  };
}

function rulesOf(entry: Fields, at: string, subject: ProfileSubject): readonly Rule[] {
  const { names, name } = entry;
  const called = name === undefined ? listOf(names, `${at}.names`) : [name];
  const args = listOf(entry["args"], `${at}.args`).map((arg, index) =>
    argumentOf(fieldsOf(arg, `${at}.args[${index}]`), `${at}.args[${index}]`),
  );
  if (new Set(args.map(({ index }) => index)).size < args.length)
    throw new RangeError(`${at}.args: one argument is compared twice`);
  const errno = integerOf(entry["errnoRet"], `${at}.errnoRet`, errnoMax) ?? noPermission;
  const verdict = verdictOf(entry["action"], `${at}.action`, errno);
  const includes = fieldsOf(entry["includes"] ?? {}, `${at}.includes`);
  const excludes = fieldsOf(entry["excludes"] ?? {}, `${at}.excludes`);
  const isMeant =
    conditions(includes, `${at}.includes`, subject).every((holds) => holds) &&
    !conditions(excludes, `${at}.excludes`, subject).some((holds) => holds);
  if (!isMeant) return [];
  return called.flatMap((each, index) => {
    if (typeof each !== "string") throw new RangeError(`${at}.names[${index}]: not a name`);
    const syscall = subject.machine.syscalls.get(each);
    return syscall === undefined ? [] : [{ syscall, args, verdict }];
  });
}

/** Each condition that is there, and whether the subject meets it: of several names one is enough of architectures, all of capabilities. */
function conditions(
  fields: Fields,
  at: string,
  { machine, capabilities, kernel }: ProfileSubject,
): readonly boolean[] {
  const arches = listOf(fields["arches"], `${at}.arches`);
  const caps = listOf(fields["caps"], `${at}.caps`);
  const { minKernel } = fields;
  return [
    ...(arches.length === 0 ? [] : [arches.includes(machine.shortName)]),
    ...caps.map((cap) => capabilities.has(String(cap).replace(/^CAP_/, ""))),
    ...(minKernel === undefined ? [] : [isAtLeast(kernel, String(minKernel))]),
  ];
}

function isAtLeast(kernel: string, wanted: string): boolean {
  const numbers = (version: string): readonly number[] => version.split(/[.-]/).slice(0, 2).map(Number);
  const [major = 0, minor = 0] = numbers(kernel);
  const [wantedMajor = 0, wantedMinor = 0] = numbers(wanted);
  return major > wantedMajor || (major === wantedMajor && minor >= wantedMinor);
}

function argumentOf(fields: Fields, at: string): ArgumentTest {
  const index = integerOf(fields["index"], `${at}.index`, 5);
  if (index === undefined) throw new RangeError(`${at}.index: is missing`);
  const op = String(fields["op"]).replace(/^SCMP_CMP_/, "");
  if (!isComparison(op)) throw new RangeError(`${at}.op: ${JSON.stringify(fields["op"])} is no comparison`);
  const value = integerOf(fields["value"], `${at}.value`) ?? 0;
  const masked = integerOf(fields["valueTwo"], `${at}.valueTwo`) ?? 0;
  return { index, op, value: BigInt(value), masked: BigInt(masked) };
}

const isComparison = (text: string): text is Comparison => comparisons.has(text);

/** Both spellings: a list, and a map with smaller ones beside each. */
function architecturesOf(profile: Fields): readonly string[] {
  const mapped = listOf(profile["archMap"], "archMap").map((each, index) =>
    String(fieldsOf(each, `archMap[${index}]`)["architecture"]),
  );
  return [...listOf(profile["architectures"], "architectures").map(String), ...mapped];
}

function verdictOf(action: unknown, at: string, errno: number): number {
  const verdict = typeof action === "string" ? verdicts.get(action) : undefined;
  if (verdict === undefined)
    throw new RangeError(`${at}: ${JSON.stringify(action)} is none of ${[...verdicts.keys()].join(", ")}`);
  return action === "SCMP_ACT_ERRNO" || action === "SCMP_ACT_TRACE" ? verdict + errno : verdict;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    throw new RangeError("the profile is not JSON");
  }
}

function fieldsOf(value: unknown, at: string): Fields {
  if (typeof value !== "object" || value === null || Array.isArray(value))
    throw new RangeError(`${at}: not an object`);
  return value as Fields;
}

/** Absent and null are empty, as the profiles that Docker writes have it. */
function listOf(value: unknown, at: string): readonly unknown[] {
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value)) throw new RangeError(`${at}: not a list`);
  return value;
}

function integerOf(value: unknown, at: string, max = Number.MAX_SAFE_INTEGER): number | undefined {
  if (value === undefined || value === null) return undefined;
  if (typeof value === "number" && Number.isSafeInteger(value) && value >= 0 && value <= max) return value;
  throw new RangeError(`${at}: not a whole number from 0 to ${max}`);
}
