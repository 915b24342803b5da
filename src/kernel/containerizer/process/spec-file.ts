/** Writes the `spec` file the shim reads: records of one letter and a text, each ended by NUL. See native/shim/README.md. */
import type { LogRotation, ProcessIdentity, TerminalSize } from "../driver.ts";

export const SPEC_MAGIC = "keelson-shim 1";

export interface ShimSpec {
  readonly executable: string;
  readonly argv: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  readonly sandboxDir: string;
  readonly account?: { readonly uid: number; readonly gid: number; readonly groups: readonly number[] };
  readonly rlimits: readonly {
    readonly resource: number;
    readonly soft: bigint;
    readonly hard: bigint;
  }[];
  /** One bit a capability. */
  readonly boundingCapabilities?: bigint;
  readonly effectiveCapabilities?: bigint;
  /** A program over system calls, as the kernel takes it. */
  readonly seccompFilter?: Buffer;
  /** 0 to 1000; higher dies first. */
  readonly oomScoreAdj?: number;
  /** File of the network namespace to enter. Absent: the agent's own. */
  readonly networkNamespace?: string;
  /** File of the IPC namespace to enter. */
  readonly ipcNamespace?: string;
  /** Absent: none; output and errors are pipes. */
  readonly terminal?: TerminalSize;
  /** CLONE_NEW… of what the container has of its own. */
  readonly newNamespaces?: number;
  readonly hostname?: string;
  /** Below the root of the container. Default: the sandbox. */
  readonly workingDirectory?: string;
  readonly root?: RootSpec;
  readonly stdout: LogRotation;
  readonly stderr: LogRotation;
  readonly cgroup?: {
    /** `cgroup.procs` files the task joins. */
    readonly join: readonly string[];
    /** The one whose list says what is left to kill. */
    readonly procs: string;
    readonly freezerState?: string;
    readonly killFile?: string;
  };
}

/** What a container sees of files: a root filesystem of its own, or the machine's with mounts over it. */
export interface RootSpec {
  /** What becomes the root: an overlay is mounted on it, or it is that already. Absent: the machine's own. */
  readonly directory?: string;
  readonly overlay?: { readonly lower: string; readonly upper: string; readonly work: string };
  /** In this order, in the root. Bound ones are of the machine. */
  readonly mounts: readonly MountSpec[];
}

export interface MountSpec {
  /** MS_…, as mount(2) has them. */
  readonly flags: number;
  /** `bind`, or a kind of filesystem. */
  readonly type: string;
  readonly source: string;
  /** Relative ones, in the machine's own root only, are below the sandbox. */
  readonly target: string;
  readonly data?: string;
}

/** Of clone(2). */
export const namespaces = {
  mounts: 0x2_0000,
  hostname: 0x400_0000,
  ipc: 0x800_0000,
  processes: 0x2000_0000,
} as const;

/** Of mount(2). */
export const mountFlags = {
  readOnly: 1,
  noSuid: 2,
  noDevices: 4,
  noExec: 8,
  recursive: 16_384,
  slave: 524_288,
  shared: 1_048_576,
} as const;

/** Records of a container's spec that hold for everything that runs in it. */
const sharedLetters = "VDUGgRMNICBHSW";
/** Those that say that it has namespaces which a session has to join. */
const apartLetters = "n";

/** The spec of one more command in the container that `spec` started. Throws RangeError as `encodeSpec` does. */
export function encodeSessionSpec(
  spec: Buffer,
  session: {
    readonly program?: string;
    readonly argv: readonly string[];
    readonly environment: Readonly<Record<string, string>>;
    readonly terminal?: TerminalSize;
  },
  main: Pick<ProcessIdentity, "pid" | "startTime">,
): Buffer {
  const [magic, ...records] = spec.toString("utf8").split("\0");
  if (magic !== SPEC_MAGIC) throw new RangeError("the container was started by another version of the shim");
  const program = session.program ?? session.argv[0];
  if (program === undefined || program === "") throw new RangeError("arg: there is no command");
  const added = Object.entries(session.environment);
  const names = new Set(added.map(([name]) => name));
  for (const [name, value] of added) {
    if (name === "" || name.includes("=") || `${name}${value}`.includes("\0"))
      throw new RangeError(`env: ${JSON.stringify(name.slice(0, 100))} cannot be a variable`);
  }
  if ([program, ...session.argv].some((argument) => argument.includes("\0")))
    throw new RangeError("arg: a NUL byte cannot be passed to a process");
  const shared = records.filter(
    (record) =>
      sharedLetters.includes(record[0] ?? "\0") &&
      !(record.startsWith("V") && names.has(record.slice(1, record.indexOf("=")))),
  );
  const isApart = records.some((record) => record !== "" && apartLetters.includes(record[0] ?? ""));
  return Buffer.from(
    `${[
      SPEC_MAGIC,
      `X${program}`,
      ...session.argv.map((argument) => `A${argument}`),
      ...shared,
      ...added.map(([name, value]) => `V${name}=${value}`),
      ...(isApart ? [`J${main.pid} ${main.startTime}`] : []),
      ...(session.terminal === undefined ? [] : [`T${sizeText(session.terminal)}`]),
    ].join("\0")}\0`,
  );
}

const sizeText = ({ rows, cols }: TerminalSize): string => `${rows}:${cols}`;

/** Throws RangeError naming the field when a text holds a NUL or a bound is broken. */
export function encodeSpec(spec: ShimSpec): Buffer {
  const records: string[] = [SPEC_MAGIC];
  const add = (letter: string, text: string, field: string): void => {
    if (text.includes("\0")) throw new RangeError(`${field}: a NUL byte cannot be passed to a process`);
    records.push(letter + text);
  };
  const rotation = (letter: string, value: LogRotation, field: string): void => {
    if (!Number.isSafeInteger(value.maxBytes) || value.maxBytes < 1)
      throw new RangeError(`${field}.maxBytes`);
    if (!Number.isInteger(value.files) || value.files < 0 || value.files > 1000) {
      throw new RangeError(`${field}.files: 0 to 1000`);
    }
    add(letter, `${value.maxBytes}:${value.files}`, field);
  };
  add("X", spec.executable, "command.value");
  for (const argument of spec.argv) add("A", argument, "command.argv");
  for (const [name, value] of Object.entries(spec.environment)) {
    if (name === "" || name.includes("="))
      throw new RangeError(`environment: bad name ${JSON.stringify(name)}`);
    add("V", `${name}=${value}`, `environment.${name}`);
  }
  add("D", spec.sandboxDir, "sandboxDir");
  if (spec.account !== undefined) {
    add("U", String(spec.account.uid), "user");
    add("G", String(spec.account.gid), "user");
    for (const group of spec.account.groups) add("g", String(group), "user");
  }
  for (const limit of spec.rlimits) add("R", `${limit.resource}:${limit.soft}:${limit.hard}`, "rlimits");
  const { boundingCapabilities: bounding, effectiveCapabilities: effective, seccompFilter } = spec;
  if (bounding !== undefined) add("B", bounding.toString(16), "boundingCapabilities");
  if (effective !== undefined) add("H", effective.toString(16), "effectiveCapabilities");
  if (seccompFilter !== undefined) add("S", seccompFilter.toString("hex"), "seccomp");
  if (spec.oomScoreAdj !== undefined) add("M", String(spec.oomScoreAdj), "oomScoreAdj");
  if (spec.networkNamespace !== undefined) add("N", spec.networkNamespace, "networkNamespace");
  if (spec.ipcNamespace !== undefined) add("I", spec.ipcNamespace, "ipcNamespace");
  if (spec.terminal !== undefined) add("T", sizeText(spec.terminal), "terminal");
  if (spec.newNamespaces !== undefined) add("n", spec.newNamespaces.toString(16), "namespaces");
  if (spec.hostname !== undefined) add("h", spec.hostname, "hostname");
  if (spec.workingDirectory !== undefined) add("W", spec.workingDirectory, "workingDirectory");
  if (spec.root !== undefined) for (const [letter, text] of rootRecords(spec.root)) add(letter, text, "root");
  rotation("O", spec.stdout, "stdout");
  rotation("E", spec.stderr, "stderr");
  if (spec.cgroup !== undefined) {
    for (const path of spec.cgroup.join) add("C", path, "cgroup");
    add("P", spec.cgroup.procs, "cgroup");
    if (spec.cgroup.freezerState !== undefined) add("F", spec.cgroup.freezerState, "cgroup");
    if (spec.cgroup.killFile !== undefined) add("K", spec.cgroup.killFile, "cgroup");
  }
  return Buffer.from(`${records.join("\0")}\0`, "utf8");
}

const mountsMax = 128;

function rootRecords({ directory, overlay, mounts }: RootSpec): readonly (readonly [string, string])[] {
  if (mounts.length > mountsMax) throw new RangeError(`volumes: at most ${mountsMax} mounts in a container`);
  const lines = mounts.map(({ flags, type, source, target, data = "" }): [string, string] => {
    const parts = [String(flags), type, source, target, data];
    if (parts.some((each) => each.includes("\n"))) throw new RangeError("volumes: a line's end in a path");
    return ["m", parts.join("\n")];
  });
  const escaped = (path: string): string => path.replaceAll(/[\\:,]/g, "\\$&");
  return [
    ...(directory === undefined ? [] : [["r", directory] as const]),
    ...(overlay === undefined
      ? []
      : [
          [
            "o",
            `lowerdir=${escaped(overlay.lower)},upperdir=${escaped(overlay.upper)},workdir=${escaped(overlay.work)}`,
          ] as const,
        ]),
    ...lines,
  ];
}

/** Linux numbers of the rlimits Mesos names (RLimitInfo.Type); the same on x64 and arm64. */
const resources: ReadonlyMap<string, number> = new Map([
  ["RLMT_CPU", 0],
  ["RLMT_FSIZE", 1],
  ["RLMT_DATA", 2],
  ["RLMT_STACK", 3],
  ["RLMT_CORE", 4],
  ["RLMT_RSS", 5],
  ["RLMT_NPROC", 6],
  ["RLMT_NOFILE", 7],
  ["RLMT_MEMLOCK", 8],
  ["RLMT_AS", 9],
  ["RLMT_LOCKS", 10],
  ["RLMT_SIGPENDING", 11],
  ["RLMT_MSGQUEUE", 12],
  ["RLMT_NICE", 13],
  ["RLMT_RTPRIO", 14],
  ["RLMT_RTTIME", 15],
]);
const UNLIMITED = 2n ** 64n - 1n;

/** Soft at most hard, both or none. Throws RangeError. Source: Mesos RLimitInfo. */
export function encodeRlimit(limit: {
  readonly type: string;
  readonly soft?: number;
  readonly hard?: number;
}): {
  resource: number;
  soft: bigint;
  hard: bigint;
} {
  const resource = resources.get(limit.type);
  if (resource === undefined) throw new RangeError(`rlimits: unknown type ${limit.type}`);
  if ((limit.soft === undefined) !== (limit.hard === undefined)) {
    throw new RangeError(`rlimits ${limit.type}: soft and hard, or neither`);
  }
  if (limit.soft === undefined || limit.hard === undefined)
    return { resource, soft: UNLIMITED, hard: UNLIMITED };
  if (
    !Number.isSafeInteger(limit.soft) ||
    limit.soft < 0 ||
    !Number.isSafeInteger(limit.hard) ||
    limit.soft > limit.hard
  ) {
    throw new RangeError(`rlimits ${limit.type}: 0 <= soft <= hard`);
  }
  return { resource, soft: BigInt(limit.soft), hard: BigInt(limit.hard) };
}
