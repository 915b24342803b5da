/**
 * Parameters of `docker run` that come with a container of type DOCKER, as what can be done of them without Docker. Others
 * are refused by their name; some are taken and change nothing here, which whoever imports an app is told.
 * Source: Mesos DockerInfo.parameters; Docker, options of `docker run`. ADR 0195.
 */

export interface DockerParameter {
  readonly key: string;
  readonly value: string;
}

/** A folder or file of the machine, where the container finds it. */
export interface HostVolume {
  readonly hostPath: string;
  readonly containerPath: string;
  readonly isReadOnly: boolean;
  /** `slave`: what is mounted in it on the machine is there too; `shared`: also the other way round. Absent: neither. */
  readonly propagation?: "slave" | "shared";
}

/** A volume that has a name in a plugin, where the container finds it. */
export interface NamedVolume {
  readonly name: string;
  readonly containerPath: string;
  readonly isReadOnly: boolean;
}

/** A file system in memory. */
export interface MemoryFiles {
  readonly containerPath: string;
  /** `size=…`, `mode=…`, as mount(8) has them. */
  readonly options: readonly string[];
  readonly isExecutable: boolean;
}

/** As `/etc/resolv.conf` has it. */
export interface Resolver {
  readonly servers: readonly string[];
  readonly searches: readonly string[];
  readonly options: readonly string[];
}

/** Both bounds or none, which means unlimited. */
export interface Ulimit {
  /** `RLMT_NOFILE` and so on. */
  readonly type: string;
  readonly soft?: number;
  readonly hard?: number;
}

/** All that parameters say; of what stands twice and can be there once the last holds. */
export interface SaidByParameters {
  readonly environment: Readonly<Record<string, string>>;
  readonly user?: string;
  readonly workdir?: string;
  readonly hostname?: string;
  readonly entrypoint?: string;
  readonly volumes: readonly HostVolume[];
  readonly namedVolumes: readonly NamedVolume[];
  readonly volumeDriver?: string;
  readonly added: readonly string[];
  readonly dropped: readonly string[];
  readonly isPrivileged: boolean;
  /** It sees the machine's processes. */
  readonly sharesProcesses: boolean;
  /** It has the machine's host name. */
  readonly sharesHostname: boolean;
  readonly memory?: "machine" | "own";
  readonly shmMib?: number;
  readonly ulimits: readonly Ulimit[];
  /** Lines of `/etc/hosts`. */
  readonly hosts: readonly { readonly name: string; readonly address: string }[];
  readonly resolver: Resolver;
  readonly devices: readonly { readonly source: string; readonly target: string }[];
  readonly memoryFiles: readonly MemoryFiles[];
}

type Writable<Value> = { -readonly [Name in keyof Value]: Value[Name] };
type Draft = Writable<SaidByParameters>;
/** Adds what a value says; answers what is wrong with it. */
type Reader = (value: string, draft: Draft) => string | undefined;

const emptyDraft = (): Draft => ({
  environment: {},
  volumes: [],
  namedVolumes: [],
  added: [],
  dropped: [],
  isPrivileged: false,
  sharesProcesses: false,
  sharesHostname: false,
  ulimits: [],
  hosts: [],
  resolver: { servers: [], searches: [], options: [] },
  devices: [],
  memoryFiles: [],
});

const hostnamePattern = /^[A-Za-z0-9]([A-Za-z0-9.-]{0,62}[A-Za-z0-9])?$/;
export const isHostname = (name: string): boolean => hostnamePattern.test(name);

export const isAbsolute = (path: string): boolean =>
  path.startsWith("/") && path !== "/" && !/[\0\n]/.test(path) && !path.split("/").includes("..");

/** What a volume of a plugin is called. Source: Docker's names are narrower; plugins have paths and options in theirs. */
export const isVolumeName = (name: string): boolean => /^[^\0\n/][^\0\n]{0,254}$/.test(name);
export const isDriverName = (name: string): boolean => /^[A-Za-z0-9][A-Za-z0-9_.-]{0,127}$/.test(name);

/** A tebibyte: what is more is a slip. */
const shmMibMax = 1_048_576;
const ulimitNames = [
  ...["as", "core", "cpu", "data", "fsize", "locks", "memlock", "msgqueue"],
  ...["nice", "nofile", "nproc", "rss", "rtprio", "rttime", "sigpending", "stack"],
];
const addressPattern = /^[0-9a-fA-F.:]{2,45}$/;
const wordPattern = /^[A-Za-z0-9._:-]{1,253}$/;

const environment: Reader = (value, draft) => {
  const at = value.indexOf("=");
  if (at > 0) draft.environment = { ...draft.environment, [value.slice(0, at)]: value.slice(at + 1) };
  return undefined;
};
const user: Reader = (value, draft) => {
  draft.user = value;
  return undefined;
};
const workdir: Reader = (value, draft) => {
  draft.workdir = value;
  return isAbsolute(value) ? undefined : `${value} is no absolute path`;
};
const hostname: Reader = (value, draft) => {
  draft.hostname = value;
  return isHostname(value) ? undefined : `${value} is no host name`;
};
const entrypoint: Reader = (value, draft) => {
  draft.entrypoint = value;
  return undefined;
};
const capability =
  (list: "added" | "dropped"): Reader =>
  (value, draft) => {
    draft[list] = [...draft[list], value.replace(/^CAP_/, "")];
    return /^[A-Z_]{1,40}$/.test(value) ? undefined : `${value} is no capability`;
  };

/** Says nothing that could be done here. */
const withoutEffect =
  (pattern: RegExp, what: string): Reader =>
  (value) =>
    pattern.test(value) ? undefined : `${value} is not ${what}`;

const flag =
  (set: (draft: Draft, value: boolean) => void): Reader =>
  (value, draft) => {
    set(draft, value === "true");
    return value === "true" || value === "false" ? undefined : `${value} is neither true nor false`;
  };

/** Of the machine's, or nothing. */
const hostOnly =
  (set: (draft: Draft) => void): Reader =>
  (value, draft) => {
    set(draft);
    return value === "host" ? undefined : `${value} can't be had; host can`;
  };

const ipc: Reader = (value, draft) => {
  draft.memory = value === "host" ? "machine" : "own";
  return ["host", "private", "shareable"].includes(value)
    ? undefined
    : `${value} can't be had; host and private can`;
};

const shmSize: Reader = (value, draft) => {
  const [, digits = "", unit = "b"] = /^(\d{1,15})([bkmg]?)b?$/i.exec(value) ?? [];
  const exponent = "bkmg".indexOf(unit === "" ? "b" : unit.toLowerCase());
  const mib = Math.ceil(Number(digits) * 1024 ** (exponent - 2));
  draft.shmMib = mib;
  return digits !== "" && mib >= 1 && mib <= shmMibMax ? undefined : `${value} is no size such as 256m`;
};

const ulimit: Reader = (value, draft) => {
  const [, name = "", softText = "", hardText = softText] =
    /^([a-z]+)=(-1|\d+)(?::(-1|\d+))?$/.exec(value) ?? [];
  const [soft, hard] = [Number(softText), Number(hardText)];
  const isNone = soft === -1 && hard === -1;
  draft.ulimits = [
    ...draft.ulimits,
    { type: `RLMT_${name.toUpperCase()}`, ...(isNone ? {} : { soft, hard }) },
  ];
  if (!ulimitNames.includes(name)) return `${value} is not of the form nofile=1024:2048`;
  return isNone || (soft >= 0 && hard >= soft) ? undefined : `${value} has a soft limit above its hard one`;
};

const addHost: Reader = (value, draft) => {
  const [, name = "", address = ""] = /^([^:=\s]+)[:=](\S+)$/.exec(value) ?? [];
  draft.hosts = [...draft.hosts, { name, address }];
  return isHostname(name) && addressPattern.test(address)
    ? undefined
    : `${value} is not of the form name:address`;
};

const resolver =
  (list: keyof Resolver, pattern: RegExp, what: string): Reader =>
  (value, draft) => {
    draft.resolver = { ...draft.resolver, [list]: [...draft.resolver[list], value] };
    return pattern.test(value) ? undefined : `${value} is no ${what}`;
  };

const device: Reader = (value, draft) => {
  const [source = "", second = "", rights = "", ...more] = value.split(":");
  const isTarget = second.startsWith("/");
  draft.devices = [...draft.devices, { source, target: isTarget ? second : source }];
  const isRights = [isTarget ? "" : second, rights].every((each) => /^[rwm]{0,3}$/.test(each));
  return more.length === 0 &&
    source.startsWith("/dev/") &&
    isAbsolute(source) &&
    isRights &&
    isAbsolute(isTarget ? second : source)
    ? undefined
    : `${value} is not of the form /dev/name[:/dev/name]`;
};

const tmpfs: Reader = (value, draft) => {
  const [containerPath = "", text = "", ...more] = value.split(":");
  const options = text.split(",").filter((each) => each !== "");
  const kept = options.filter((each) => /^(?:size=\d+[kKmMgG]?|mode=[0-7]{3,4})$/.test(each));
  const isKnown = (each: string): boolean =>
    kept.includes(each) || /^(?:rw|exec|noexec|nosuid|nodev)$/.test(each);
  draft.memoryFiles = [
    ...draft.memoryFiles,
    { containerPath, options: kept, isExecutable: options.includes("exec") },
  ];
  return more.length === 0 && isAbsolute(containerPath) && options.every(isKnown)
    ? undefined
    : `${value} is not of the form /container/path[:size=64m,mode=1777]`;
};

const volumeOptions = new Set([
  "ro",
  "rw",
  "z",
  "Z",
  "nocopy",
  "private",
  "rprivate",
  "slave",
  "rslave",
  "shared",
  "rshared",
]);

/** Of the machine, by its path; or of a plugin, by its name. One without either is the container's own layer anyway. */
const volume: Reader = (value, draft) => {
  const [from = "", containerPath, mode = "rw", ...more] = value.split(":");
  if (containerPath === undefined)
    return isAbsolute(from) ? undefined : `${value} is not of the form /host/path:/container/path[:ro|rw]`;
  const options = mode.split(",");
  const isReadOnly = options.includes("ro");
  const strange = options.find((option) => !volumeOptions.has(option));
  if (more.length > 0 || strange !== undefined || !isAbsolute(containerPath))
    return `${value} is not of the form /host/path:/container/path[:ro|rw]`;
  if (!from.startsWith("/")) {
    draft.namedVolumes = [...draft.namedVolumes, { name: from, containerPath, isReadOnly }];
    return isVolumeName(from) ? undefined : `${value} is not of the form /host/path:/container/path[:ro|rw]`;
  }
  const [, propagation] = /(?:^|,)r?(slave|shared)(?:,|$)/.exec(mode) ?? [];
  draft.volumes = [
    ...draft.volumes,
    {
      hostPath: from,
      containerPath,
      isReadOnly,
      ...(propagation === "slave" || propagation === "shared" ? { propagation } : {}),
    },
  ];
  return from === "/" || isAbsolute(from) ? undefined : `${from} is no absolute path`;
};

const volumeDriver: Reader = (value, draft) => {
  draft.volumeDriver = value;
  return isDriverName(value) ? undefined : `${value} is no name of a volume plugin`;
};

const readers = new Map<string, Reader>([
  ["env", environment],
  ["e", environment],
  ["user", user],
  ["u", user],
  ["workdir", workdir],
  ["w", workdir],
  ["hostname", hostname],
  ["h", hostname],
  ["entrypoint", entrypoint],
  ["volume", volume],
  ["v", volume],
  ["volume-driver", volumeDriver],
  ["cap-add", capability("added")],
  ["cap-drop", capability("dropped")],
  ["privileged", flag((draft, value) => Object.assign(draft, { isPrivileged: value }))],
  ["pid", hostOnly((draft) => Object.assign(draft, { sharesProcesses: true }))],
  ["uts", hostOnly((draft) => Object.assign(draft, { sharesHostname: true }))],
  ["ipc", ipc],
  ["shm-size", shmSize],
  ["ulimit", ulimit],
  ["add-host", addHost],
  ["dns", resolver("servers", addressPattern, "address")],
  ["dns-search", resolver("searches", wordPattern, "domain")],
  ["dns-option", resolver("options", wordPattern, "option")],
  ["dns-opt", resolver("options", wordPattern, "option")],
  ["device", device],
  ["tmpfs", tmpfs],
]);

const anything = /^/;
/** Taken and of no effect: what they are for in Docker is done otherwise here, or by nobody. */
const readersWithoutEffect = new Map<string, Reader>([
  ["label", withoutEffect(anything, "")],
  ["l", withoutEffect(anything, "")],
  ["name", withoutEffect(/^[A-Za-z0-9][A-Za-z0-9_.-]{0,254}$/, "a name of a container")],
  [
    "restart",
    withoutEffect(/^(?:no|always|unless-stopped|on-failure(?::\d+)?)$/, "a restart policy such as always"),
  ],
  ["rm", withoutEffect(/^(?:true|false)$/, "true or false")],
  [
    "log-driver",
    withoutEffect(
      /^(?:json-file|local|none)$/,
      "there: output is kept in the sandbox, in stdout and stderr; json-file, local and none are taken",
    ),
  ],
  ["log-opt", withoutEffect(anything, "")],
]);

const readerOf = (key: string): Reader | undefined => readers.get(key) ?? readersWithoutEffect.get(key);

export const isKnownParameter = (key: string): boolean => readerOf(key) !== undefined;
/** Whether it changes nothing here. */
export const hasNoEffect = (key: string): boolean => readersWithoutEffect.has(key);
export const knownParameters: readonly string[] = [...readers.keys(), ...readersWithoutEffect.keys()]
  .filter((key) => key.length > 1)
  .sort();

/** What is wrong with the value of one that is known; undefined when nothing is. */
export const parameterProblem = ({ key, value }: DockerParameter): string | undefined =>
  readerOf(key)?.(value, emptyDraft());

/** What is wrong with them together. `volumeDriver`: one that the container names besides. */
export function parametersProblem(
  parameters: readonly DockerParameter[],
  volumeDriver?: string,
): { readonly index: number; readonly problem: string } | undefined {
  const said = saidByParameters(parameters);
  const [named] = said.namedVolumes;
  if (named === undefined || (said.volumeDriver ?? volumeDriver) !== undefined) return undefined;
  const index = parameters.findIndex((each) => saidByParameters([each]).namedVolumes.length > 0);
  return {
    index,
    problem: `${named.name} is neither a path of the machine nor, without the parameter volume-driver, a volume of a plugin`,
  };
}

/** Of what was found to be without a problem. */
export function saidByParameters(parameters: readonly DockerParameter[] = []): SaidByParameters {
  const draft = emptyDraft();
  for (const { key, value } of parameters) readerOf(key)?.(value, draft);
  return draft;
}
