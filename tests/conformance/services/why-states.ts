/**
 * Fifty ways and more to be stuck or to fail, as definitions and what an operator does; `why.test.ts` makes each on a real cluster.
 */

import type { ReasonCode } from "#contracts/services/reasons.ts";
import { ask } from "../../harness/cluster.ts";

export type Json = { readonly [name: string]: unknown };

const small = { cpus: 0.01, mem: 16 };
export const sleeper = { cmd: "exec sleep 100000", ...small };
const quickCheck = {
  gracePeriodSeconds: 0,
  intervalSeconds: 1,
  timeoutSeconds: 1,
  maxConsecutiveFailures: 0,
};

/** When a state can be asked about: what Marathon's API shows of it. */
type Visible = "failure" | "unused" | "unhealthy" | "running" | "deployed" | "created" | "staged" | "down";

export interface State {
  readonly name: string;
  readonly id: string;
  readonly definition: Json;
  /** Services that have to be there before. */
  readonly before?: readonly Json[];
  /** Services of the same deployment. */
  readonly together?: readonly Json[];
  /** A second definition, once the first one runs. */
  readonly update?: Json;
  /** What an operator does before the service is there, or once it runs; the cluster is its own meanwhile. */
  readonly operator?: {
    readonly when: "before" | "running";
    readonly does: () => Promise<void>;
    readonly undoes: () => Promise<void>;
  };
  readonly visible: Visible;
  readonly code: ReasonCode;
  /** In the English sentence. */
  readonly says: RegExp;
  /** In the sentence about its task that ended. */
  readonly endedSays?: RegExp;
}

/** Where the states are made. */
export interface Surroundings {
  readonly kernelUrl: string;
  /** Serves no archive, one that hangs, and errors of its own at `/ill`. */
  readonly filesPort: number;
  /** Takes connections and says nothing. */
  readonly mutePort: number;
  /** Of the private node. */
  readonly node: {
    readonly id: string;
    readonly host: string;
    readonly ip: string;
    readonly cpus: number;
    /** One of its free ports. */
    readonly port: number;
  };
}

/** A server of one answer, in Node: what tests of health ask. */
const answering = (status: number): string =>
  `exec ${process.execPath} -e 'require("http").createServer((q,s)=>{s.writeHead(${status});s.end()}).listen(process.env.PORT0,"127.0.0.1")'`;

export const statesIn = (at: Surroundings): readonly State[] => [
  ...endings(),
  ...launches(at),
  ...places(at),
  ...health(at),
  ...changes(),
  ...operators(at),
];

function ending(name: string, cmd: string, code: ReasonCode, says: RegExp): State {
  return { name, id: `/${name}`, definition: { cmd, ...small }, visible: "failure", code, says };
}

/** 1-11: it ran, and ended. */
function endings(): readonly State[] {
  return [
    ending("not-found", "nosuchcommand-anywhere --now", "commandNotFound", /command was not found .*127/),
    ending("exits-1", "exit 1", "exitedAtOnce", /status 1 /),
    ending("exits-3-later", "sleep 1; exit 3", "exitedAtOnce", /status 3 /),
    ending("exits-126", "/etc/passwd", "exitedAtOnce", /status 126 /),
    ending("no-module", `${process.execPath} /nowhere/server.js`, "exitedAtOnce", /status 1 /),
    ending("ends-well", "true", "finished", /ended by itself, with success/),
    ending("segfault", "kill -SEGV $$", "killedBySignal", /SIGSEGV/),
    ending("aborts", "kill -ABRT $$", "killedBySignal", /SIGABRT/),
    ending("killed", "kill -KILL $$", "killedBySignal", /SIGKILL/),
    ending("hangs-up", "kill -HUP $$", "killedBySignal", /SIGHUP/),
    {
      ...ending("no-program", "", "launchRefused", /no-such-program|could not start|ENOENT|No such file/),
      definition: { args: ["/nowhere/no-such-program"], ...small },
      code: "commandNotFound",
      says: /command was not found/,
    },
    // Without root nothing bounds what a task uses.
    ...(process.getuid?.() === 0
      ? [
          ending(
            "too-much-memory",
            `exec ${process.execPath} -e 'const all = []; for (;;) all.push(Buffer.alloc(1 << 24, 1))'`,
            "outOfMemory",
            /more memory than its 48 MiB/,
          ),
        ]
      : []),
  ];
}

/** 12-18: it could not be started. */
function launches(at: Surroundings): readonly State[] {
  const fetching = (name: string, uri: string, says: RegExp): State => ({
    ...ending(name, "true", "fetchFailed", says),
    definition: { cmd: "exec sleep 1000", fetch: [{ uri }], ...small },
  });
  return [
    {
      ...ending("no-user", "true", "userUnknown", /has no user nosuchuser|nosuchuser/),
      definition: { ...sleeper, user: "nosuchuser" },
    },
    fetching("fetch-refused", "http://127.0.0.1:1/a.tgz", /ECONNREFUSED/),
    fetching("fetch-404", `http://127.0.0.1:${at.filesPort}/none.tgz`, /404/),
    fetching("fetch-junk", `http://127.0.0.1:${at.filesPort}/junk.tgz`, /junk\.tgz/),
    fetching("fetch-no-host", "http://no-such-host.invalid/a.tgz", /no-such-host/),
    fetching("fetch-no-file", "file:///nowhere/a.tgz", /nowhere/),
    {
      ...fetching("fetch-hangs", `http://127.0.0.1:${at.filesPort}/hangs.tgz`, /being started/),
      visible: "staged",
      code: "launching",
    },
  ];
}

/** 19-34: it has no place. */
function places(at: Surroundings): readonly State[] {
  const placing = (name: string, fields: Json, code: ReasonCode, says: RegExp): State => ({
    name,
    id: `/${name}`,
    definition: { ...sleeper, ...fields },
    visible: "unused",
    code,
    says,
  });
  const port = at.node.port;
  const insisting = { requirePorts: true, portDefinitions: [{ port, protocol: "tcp" }] };
  return [
    placing("many-cpus", { cpus: 5_000 }, "largerThanAnyNode", /5,?000 CPUs wanted/),
    placing("much-memory", { mem: 100_000_000 }, "largerThanAnyNode", /MiB of memory wanted/),
    placing("much-disk", { disk: 1_000_000_000 }, "largerThanAnyNode", /MiB of disk wanted/),
    placing(
      "no-attribute",
      { constraints: [["rack", "LIKE", "r1"]] },
      "constraintNotSatisfiable",
      /rack LIKE r1/,
    ),
    placing(
      "other-host",
      { constraints: [["hostname", "CLUSTER", "elsewhere"]] },
      "constraintNotSatisfiable",
      /hostname CLUSTER elsewhere/,
    ),
    placing(
      "no-host",
      { constraints: [["hostname", "UNLIKE", ".*"]] },
      "constraintNotSatisfiable",
      /hostname UNLIKE/,
    ),
    placing(
      "one-each",
      { instances: 3, constraints: [["hostname", "UNIQUE"]] },
      "constraintUnsatisfied",
      /hostname UNIQUE/,
    ),
    placing(
      "two-each",
      { instances: 4, constraints: [["hostname", "MAX_PER", "2"]] },
      "constraintUnsatisfied",
      /hostname MAX_PER 2/,
    ),
    placing(
      "public-only",
      { acceptedResourceRoles: ["slave_public"], cpus: 5_000 },
      "largerThanAnyNode",
      /CPUs/,
    ),
    {
      ...placing("port-taken", insisting, "portsTaken", new RegExp(String(at.node.port))),
      before: [{ ...sleeper, id: "/port-holder", ...insisting }],
    },
    placing(
      "public-and-elsewhere",
      { acceptedResourceRoles: ["slave_public"], constraints: [["hostname", "LIKE", "none"]] },
      "constraintNotSatisfiable",
      /hostname LIKE none/,
    ),
    placing(
      "attribute-of-nobody",
      { constraints: [["zone-of-nobody", "CLUSTER", "a"]] },
      "constraintNotSatisfiable",
      /zone-of-nobody CLUSTER a/,
    ),
    {
      ...placing("pod-too-big", {}, "largerThanAnyNode", /container huge asks for most/),
      definition: aPod([
        { name: "small", resources: { cpus: 0.01, mem: 16 } },
        { name: "huge", resources: { cpus: 5_000, mem: 16 } },
      ]),
    },
    {
      ...placing("pod-port", {}, "portsTaken", /80/),
      definition: aPod([
        { name: "one", resources: { cpus: 0.01, mem: 16 }, endpoints: [{ name: "http", hostPort: 80 }] },
      ]),
    },
    placing(
      "port-80",
      { requirePorts: true, portDefinitions: [{ port: 80, protocol: "tcp" }] },
      "portsTaken",
      /80/,
    ),
    {
      ...placing(
        "no-such-role",
        { role: "nobodys", acceptedResourceRoles: ["nobodys"] },
        "roleMissing",
        /no node offers resources of the role nobodys; 2 nodes were looked at/,
      ),
      id: "/nobodys/no-such-role",
    },
    {
      ...placing(
        "no-room-to-roll",
        { cpus: at.node.cpus * 0.6 },
        "insufficientResources",
        /enough CPUs free/,
      ),
      update: { cmd: "exec sleep 200000" },
    },
  ];
}

/** 35-41: it runs, and not well. */
function health(at: Surroundings): readonly State[] {
  const checked = (name: string, cmd: string, check: Json, says: RegExp): State => ({
    name,
    id: `/${name}`,
    definition: {
      cmd,
      ...small,
      mem: 64,
      healthChecks: [{ protocol: "HTTP", path: "/", ...quickCheck, ...check }],
    },
    visible: "unhealthy",
    code: "unhealthy",
    says,
  });
  const quiet = sleeper.cmd;
  // Where surely nobody listens: a task's own port may be another cluster's too.
  const nobodys = { port: 1 };
  return [
    checked("nobody-listens", quiet, nobodys, /ECONNREFUSED/),
    checked("answers-500", quiet, { port: at.filesPort, path: "/ill" }, /HTTP 500/),
    checked("tcp-refused", quiet, { protocol: "TCP", ...nobodys }, /ECONNREFUSED/),
    checked("never-answers", quiet, { port: at.mutePort }, /no answer within 1 s/),
    {
      ...checked("killed-for-health", quiet, { maxConsecutiveFailures: 1, ...nobodys }, /ECONNREFUSED/),
      visible: "failure",
    },
    {
      ...checked("in-grace", quiet, { gracePeriodSeconds: 10_000, intervalSeconds: 60 }, /not been checked/),
      visible: "running",
      code: "healthUnknown",
    },
    {
      name: "never-ready",
      id: "/never-ready",
      definition: {
        cmd: answering(503),
        ...small,
        mem: 64,
        portDefinitions: [{ port: 0, name: "http", protocol: "tcp" }],
        readinessChecks: [
          {
            name: "ready",
            protocol: "HTTP",
            path: "/",
            portName: "http",
            intervalSeconds: 2,
            timeoutSeconds: 1,
          },
        ],
      },
      visible: "running",
      code: "notReady",
      says: /not ready/,
    },
  ];
}

/** 42-46: it is being changed, or waits for another. */
function changes(): readonly State[] {
  return [
    {
      name: "waits-for-another",
      id: "/chain/web",
      definition: { ...sleeper, dependencies: ["/chain/db"] },
      // One that ran for a moment would count as up.
      together: [{ ...sleeper, id: "/chain/db", cpus: 5_000 }],
      visible: "created",
      code: "dependencyNotReady",
      says: /waits for \/chain\/db/,
    },
    {
      name: "bad-update",
      id: "/bad-update",
      definition: sleeper,
      update: { cmd: "exit 9" },
      visible: "failure",
      code: "exitedAtOnce",
      says: /status 9 /,
    },
    {
      name: "will-not-die",
      id: "/will-not-die",
      definition: {
        cmd: "trap '' TERM; while true; do sleep 1; done",
        ...small,
        taskKillGracePeriodSeconds: 600,
      },
      update: { instances: 0 },
      visible: "created",
      code: "killing",
      says: /being ended/,
    },
    {
      name: "none-wished",
      id: "/none-wished",
      definition: { ...sleeper, instances: 0 },
      visible: "deployed",
      code: "stopped",
      says: /no instances are wished/,
    },
    {
      name: "well",
      id: "/well",
      definition: sleeper,
      visible: "deployed",
      code: "asWished",
      says: /as wished/,
    },
  ];
}

const aPod = (containers: readonly Json[]): Json => ({
  containers: containers.map((container) => ({
    ...container,
    exec: { command: { shell: "exec sleep 100000" } },
  })),
});

/** 47-50: an operator is in the way. */
function operators(at: Surroundings): readonly State[] {
  const operated = (
    name: string,
    operator: NonNullable<State["operator"]>,
    says: RegExp,
    fields: Partial<State> = {},
  ): State => ({
    name,
    id: `/${name}`,
    definition: sleeper,
    visible: "created",
    code: "nodesSetAside",
    says,
    operator,
    ...fields,
  });
  const kernel = (method: string, path: string, body: Json = {}): Promise<unknown> =>
    ask(`${at.kernelUrl}/keelson/v1${path}`, {
      method,
      ...(method === "DELETE" ? {} : { body }),
    });
  const ofNode = (verb: string, body?: Json) => async (): Promise<void> => {
    await kernel("POST", `/nodes/${at.node.id}/${verb}`, body);
  };
  const window = async (windows: readonly Json[]): Promise<void> => {
    await kernel("PUT", "/maintenance", { windows });
  };
  return [
    operated(
      "quota-used-up",
      {
        when: "before",
        does: async () => {
          await kernel("PUT", "/quota/slave_public", { limits: { cpus: 0.005 }, force: true });
        },
        undoes: async () => {
          await kernel("DELETE", "/quota/slave_public");
        },
      },
      /quota of role slave_public is used up/,
      { code: "quotaLimited" },
    ),
    operated(
      "node-in-maintenance",
      {
        when: "before",
        does: () =>
          window([
            { machines: [{ hostname: at.node.host, ip: at.node.ip }], startsAt: 1_000, durationMs: 4e12 },
          ]),
        undoes: () => window([]),
      },
      /under maintenance/,
    ),
    operated(
      "node-deactivated",
      { when: "before", does: ofNode("deactivate"), undoes: ofNode("reactivate") },
      /the only node that could take it is drained, deactivated/,
    ),
    operated(
      "volumes-on-drained-node",
      { when: "running", does: ofNode("drain", { maxGraceMs: 100 }), undoes: ofNode("reactivate") },
      /drained, deactivated or under maintenance/,
      {
        visible: "down",
        endedSays: /was drained by an operator/,
        definition: {
          ...sleeper,
          acceptedResourceRoles: ["*"],
          upgradeStrategy: { minimumHealthCapacity: 0, maximumOverCapacity: 0 },
          container: {
            type: "MESOS",
            volumes: [{ containerPath: "data", mode: "RW", persistent: { size: 1 } }],
          },
        },
      },
    ),
  ];
}
