import { describe, expect, it } from "vitest";
import type { JsonValue } from "#foundation/base/json.ts";
import { definitionsOf, readSource, translate } from "./index.ts";

const role = "slave_public";
const move = (content: JsonValue, marathonVersion?: string) =>
  translate(readSource([{ name: "groups.json", content }]), { role, marathonVersion });

/** An app as Marathon 1.4 showed one: newer and older spellings side by side, nulls for what is not said. */
const ofMarathon14 = {
  id: "/shop/web",
  cmd: "./serve --port $PORT0",
  args: null,
  user: null,
  env: { BACKEND: "http://api.marathon.mesos:8080" },
  instances: 2,
  cpus: 0.1,
  mem: 64,
  disk: 0,
  gpus: 0,
  executor: "",
  constraints: [["hostname", "UNIQUE", ""]],
  uris: ["http://files.example/web.tgz"],
  fetch: [{ uri: "http://files.example/web.tgz", extract: true, executable: false, cache: false }],
  storeUrls: [],
  backoffSeconds: 1,
  backoffFactor: 1.15,
  maxLaunchDelaySeconds: 3600,
  container: null,
  healthChecks: [
    {
      protocol: "HTTP",
      path: "/health",
      portIndex: 0,
      gracePeriodSeconds: 300,
      intervalSeconds: 60,
      timeoutSeconds: 20,
      maxConsecutiveFailures: 3,
      ignoreHttp1xx: false,
      delaySeconds: 15,
    },
  ],
  readinessChecks: [],
  dependencies: ["/shop/db"],
  upgradeStrategy: { minimumHealthCapacity: 1, maximumOverCapacity: 1 },
  labels: {},
  ipAddress: null,
  version: "2017-03-01T10:00:00.000Z",
  residency: null,
  secrets: {},
  taskKillGracePeriodSeconds: null,
  unreachableStrategy: { inactiveAfterSeconds: 900, expungeAfterSeconds: 604800 },
  killSelection: "YOUNGEST_FIRST",
  acceptedResourceRoles: [],
  ports: [10001],
  portDefinitions: [{ port: 10001, protocol: "tcp", name: "web", labels: { VIP_0: "/web:80" } }],
  requirePorts: false,
  versionInfo: { lastScalingAt: "2017-03-01T10:00:00.000Z", lastConfigChangeAt: "2017-03-01T10:00:00.000Z" },
  tasksStaged: 0,
  tasksRunning: 2,
  tasksHealthy: 2,
  tasksUnhealthy: 0,
  deployments: [],
};

describe("parameters that only Docker would do something with", () => {
  const parameters = [
    { key: "name", value: "agent" },
    { key: "shm-size", value: "64m" },
    { key: "restart", value: "always" },
  ];
  const told = (index: number, was: string) => ({
    kind: "service",
    id: "/agent",
    code: "noEffect",
    field: `/container/docker/parameters(${index})`,
    was,
    reason: "dockerParameter",
  });

  it("are told, the others are not", () => {
    const { findings } = move({
      apps: [{ id: "/agent", container: { type: "DOCKER", docker: { image: "agent", parameters } } }],
    });
    expect(findings.filter(({ code }) => code === "noEffect")).toEqual([
      told(0, "name=agent"),
      told(2, "restart=always"),
    ]);
  });
});

describe("an app of Marathon 1.4", () => {
  const { services, findings } = move({ apps: [ofMarathon14] }, "1.4.9");

  it("is kept as it was meant", () => {
    expect(services.map(({ definition }) => definition)).toEqual([
      {
        id: "/shop/web",
        cmd: "./serve --port $PORT0",
        env: { BACKEND: "http://api.marathon.mesos:8080" },
        instances: 2,
        cpus: 0.1,
        mem: 64,
        disk: 0,
        gpus: 0,
        executor: "",
        constraints: [["hostname", "UNIQUE"]],
        role,
        fetch: [{ uri: "http://files.example/web.tgz", extract: true, executable: false, cache: false }],
        networks: [{ mode: "host" }],
        portDefinitions: [{ port: 10001, protocol: "tcp", name: "web", labels: { VIP_0: "/web:80" } }],
        requirePorts: false,
        healthChecks: [
          {
            protocol: "HTTP",
            path: "/health",
            portIndex: 0,
            gracePeriodSeconds: 300,
            intervalSeconds: 60,
            timeoutSeconds: 20,
            maxConsecutiveFailures: 3,
            ignoreHttp1xx: false,
            ipProtocol: "IPv4",
          },
        ],
        backoffSeconds: 1,
        backoffFactor: 1.15,
        maxLaunchDelaySeconds: 3600,
        upgradeStrategy: { minimumHealthCapacity: 1, maximumOverCapacity: 1 },
        labels: {},
        killSelection: "YOUNGEST_FIRST",
        unreachableStrategy: { inactiveAfterSeconds: 900, expungeAfterSeconds: 604800 },
        dependencies: ["/shop/db"],
      },
    ]);
  });

  it("is said to lose its virtual address and a name that nothing resolves, and nothing else", () => {
    expect(findings).toEqual([
      {
        kind: "service",
        id: "/shop/web",
        code: "noEffect",
        field: "/portDefinitions(0)/labels/VIP_0",
        was: "/web:80",
        reason: "virtualAddress",
      },
      {
        kind: "service",
        id: "/shop/web",
        code: "unresolvedName",
        field: "/env/BACKEND",
        was: "api.marathon.mesos",
      },
    ]);
  });
});

const small = {
  cmd: "sleep 1000",
  cpus: 0.1,
  mem: 32,
  maxLaunchDelaySeconds: 300,
  unreachableStrategy: "disabled",
};

const cases: readonly {
  readonly name: string;
  readonly given: JsonValue;
  readonly version?: string;
  readonly taken: readonly string[];
  readonly findings: readonly object[];
}[] = [
  {
    name: "a role of another framework becomes ours, and what it accepted follows",
    given: { id: "/a", ...small, role: "dev", acceptedResourceRoles: ["dev", "*"] },
    taken: ["/a"],
    findings: [
      { code: "changed", field: "/role", was: "dev", now: role },
      { code: "changed", field: "/acceptedResourceRoles", was: ["dev", "*"], now: [role, "*"] },
    ],
  },
  {
    name: "accepted roles that nobody has here are left out",
    given: { id: "/a", ...small, acceptedResourceRoles: ["special"] },
    taken: ["/a"],
    findings: [{ code: "dropped", field: "/acceptedResourceRoles", was: ["special"] }],
  },
  {
    name: "an image that wants a network of containers has it",
    given: {
      id: "/a",
      ...small,
      container: { type: "DOCKER", docker: { image: "nginx", network: "BRIDGE" } },
    },
    taken: ["/a"],
    findings: [],
  },
  {
    name: "an address of its own is a network of containers",
    given: {
      id: "/a",
      ...small,
      ipAddress: { groups: [], labels: {}, discovery: { ports: [] }, networkName: "dcos" },
    },
    taken: ["/a"],
    findings: [],
  },
  {
    name: "data does not come along: of volumes, of folders of a node",
    given: [
      {
        id: "/a",
        ...small,
        upgradeStrategy: { minimumHealthCapacity: 0, maximumOverCapacity: 0 },
        container: {
          type: "MESOS",
          volumes: [
            { containerPath: "data", mode: "RW", persistent: { size: 8 } },
            { containerPath: "/www", hostPath: "/srv/www", mode: "RO" },
            { containerPath: "scratch", hostPath: "scratch", mode: "RW" },
          ],
        },
      },
      {
        id: "/p",
        containers: [
          {
            name: "c",
            resources: { cpus: 0.1, mem: 32 },
            exec: { command: { shell: "true" } },
            volumeMounts: [{ name: "logs", mountPath: "/logs" }],
          },
        ],
        volumes: [{ name: "logs", host: "/var/log" }],
      },
      {
        id: "job",
        run: {
          ...{ cmd: "true", cpus: 0.1, mem: 32, disk: 0 },
          docker: { image: "x" },
          volumes: [{ containerPath: "/in", hostPath: "/srv/in", mode: "RO" }],
        },
      },
    ],
    taken: ["/a", "/p"],
    findings: [
      { id: "/a", code: "data", field: "/container/volumes(0)", reason: "persistent" },
      { id: "/a", code: "data", field: "/container/volumes(1)", was: "/srv/www", reason: "host" },
      { id: "/p", code: "data", field: "/volumes(0)", was: "/var/log", reason: "host" },
      { id: "job", code: "data", field: "/run/volumes(0)", was: "/srv/in", reason: "host" },
    ],
  },
  {
    name: "a name is one by its end: a package of Java is none",
    given: {
      id: "/a",
      ...small,
      env: {
        CLASS: "org.apache.mesos.Main",
        CONF: "spark.mesos.executor.home=/opt",
        ZK: "zk://master.mesos:2181/x",
        DOT: "leader.mesos. says",
      },
    },
    taken: ["/a"],
    findings: [
      { code: "unresolvedName", field: "/env/ZK", was: "master.mesos" },
      { code: "unresolvedName", field: "/env/DOT", was: "leader.mesos" },
    ],
  },
  {
    name: "two faults are two findings",
    given: { id: "/a", cmd: "x", args: ["y"], constraints: [["hostname", "NEAR"]] },
    taken: [],
    findings: [
      { code: "refused", field: "/" },
      { code: "refused", field: "/constraints(0)" },
    ],
  },
  {
    name: "a field that nobody knows is dropped, wherever it stands",
    given: { id: "/a", ...small, colour: "blue", portDefinitions: [{ port: 0, shade: "dark" }] },
    taken: ["/a"],
    findings: [
      { code: "dropped", field: "/colour", was: "blue" },
      { code: "dropped", field: "/portDefinitions(0)/shade", was: "dark" },
    ],
  },
  {
    name: "what was left out meant something else before",
    given: { id: "/a", cmd: "sleep 1000" },
    version: "1.5.8",
    taken: ["/a"],
    findings: [
      { code: "default", field: "/maxLaunchDelaySeconds", was: 3600, now: 300 },
      { code: "default", field: "/unreachableStrategy" },
    ],
  },
  {
    name: "and means the same in a version of now",
    given: { id: "/a", cmd: "sleep 1000" },
    version: "1.8.222",
    taken: ["/a"],
    findings: [],
  },
  {
    name: "residency of an app that keeps its volumes comes along",
    given: {
      id: "/db",
      ...small,
      upgradeStrategy: { minimumHealthCapacity: 0.5, maximumOverCapacity: 0 },
      residency: { relaunchEscalationTimeoutSeconds: 10, taskLostBehavior: "WAIT_FOREVER" },
      container: {
        type: "MESOS",
        volumes: [
          { containerPath: "data", mode: "RW", persistent: { size: 10, type: "root", constraints: null } },
        ],
      },
    },
    taken: ["/db"],
    findings: [{ code: "data", field: "/container/volumes(0)", reason: "persistent" }],
  },
  {
    name: "residency without volumes has no place",
    given: { id: "/a", ...small, residency: { relaunchEscalationTimeoutSeconds: 10 } },
    taken: ["/a"],
    findings: [{ code: "dropped", field: "/residency/relaunchEscalationTimeoutSeconds", was: 10 }],
  },
  {
    name: "what the older spelling says beside the newer is lost, and told",
    given: {
      id: "/a",
      ...small,
      uris: ["http://x/a"],
      fetch: [{ uri: "http://x/b" }],
      ports: [1],
      portDefinitions: [{ port: 2 }],
    },
    taken: ["/a"],
    findings: [
      { code: "dropped", field: "/uris", was: ["http://x/a"] },
      { code: "dropped", field: "/ports", was: [1] },
    ],
  },
  {
    name: "a secret's value has to be brought separately",
    given: { id: "/a", ...small, env: { KEY: { secret: "key" } }, secrets: { key: { source: "a/key" } } },
    taken: ["/a"],
    findings: [{ code: "secret", field: "/secrets/key", was: "a/key" }],
  },
  {
    name: "labels of a package that something else manages say nothing here",
    given: { id: "/a", ...small, labels: { DCOS_PACKAGE_NAME: "kafka" } },
    taken: ["/a"],
    findings: [{ code: "noEffect", reason: "package" }],
  },
  {
    name: "a group that enforces its role does so here, and what has another gets that",
    given: {
      id: "/",
      groups: [
        {
          id: "/dev",
          enforceRole: true,
          apps: [
            { id: "/dev/a", ...small, role: "dev", acceptedResourceRoles: ["dev"] },
            { id: "/dev/b", ...small, role: "ops" },
          ],
        },
      ],
    },
    taken: ["/dev/a", "/dev/b"],
    findings: [{ kind: "service", id: "/dev/b", code: "changed", field: "/role", was: "ops", now: "dev" }],
  },
  {
    name: "the role of a group may be that of a service",
    given: { id: "/dev/a", ...small, role: "dev" },
    taken: ["/dev/a"],
    findings: [],
  },
  {
    name: "an id that comes twice counts once",
    given: [
      { id: "/a", ...small },
      { id: "a", ...small },
    ],
    taken: ["/a"],
    findings: [{ code: "doubled", id: "/a" }],
  },
  {
    name: "what is no definition is told by its file",
    given: ["hello", 7],
    taken: [],
    findings: [
      { kind: "file", id: "groups.json", code: "unreadable" },
      { kind: "file", id: "groups.json", code: "unreadable" },
    ],
  },
];

describe("what is different here", () => {
  it.each(cases)("$name", ({ given, version, taken, findings }) => {
    const migration = move(given, version);
    expect(migration.services.map(({ id }) => id)).toEqual(taken);
    expect(migration.findings).toEqual(findings.map((finding) => expect.objectContaining(finding)));
  });
});

describe("shapes in which definitions come", () => {
  const app = { id: "/x/a", ...small };
  const pod = {
    id: "/p",
    containers: [{ name: "c", resources: { cpus: 0.1, mem: 32 }, exec: { command: { shell: "true" } } }],
  };
  it.each<[string, JsonValue, readonly string[]]>([
    ["one app", app, ["/x/a"]],
    ["a list", [app, pod], ["/x/a", "/p"]],
    ["an answer of /v2/apps", { apps: [app] }, ["/x/a"]],
    ["an answer of /v2/apps/x/a", { app }, ["/x/a"]],
    ["an answer of /v2/apps/x/*", { "*": [app] }, ["/x/a"]],
    [
      "an answer of /v2/groups",
      { id: "/", groups: [{ id: "/x", apps: [app], groups: [] }], pods: [] },
      ["/x/a"],
    ],
    ["a group with relative ids", { id: "x", apps: [{ ...app, id: "a" }] }, ["/x/a"]],
    ["a status of a pod", [{ id: "/p", spec: pod, status: "STABLE", instances: [] }], ["/p"]],
    ["both files of an export", { groups: { id: "/", apps: [app] }, jobs: [] }, ["/x/a"]],
  ])("%s", (_name, given, ids) => {
    const { services, findings } = move(given);
    expect(services.map(({ id }) => id)).toEqual(ids);
    expect(findings.filter(({ code }) => code !== "default")).toEqual([]);
  });

  it("become one tree, groups without apps too, each with what it waits for", () => {
    const migration = move({
      id: "/",
      apps: [],
      groups: [
        { id: "/b/c", apps: [{ id: "/b/c/x", ...small }] },
        { id: "/a", apps: [], dependencies: ["../b"], groups: [{ id: "empty" }] },
      ],
    });
    expect(definitionsOf(migration)).toEqual([
      {
        id: "/",
        apps: [],
        groups: [
          {
            id: "/b",
            apps: [],
            groups: [{ id: "/b/c", apps: [expect.objectContaining({ id: "/b/c/x" })], groups: [] }],
          },
          { id: "/a", apps: [], groups: [{ id: "/a/empty", apps: [], groups: [] }], dependencies: ["/b"] },
        ],
      },
    ]);
  });

  it("say whether they enforce their role where they are new, whatever new groups do there", () => {
    const migration = move({
      id: "/",
      apps: [],
      groups: [
        { id: "/new", apps: [], groups: [{ id: "/new/below", apps: [{ id: "/new/below/x", ...small }] }] },
        { id: "/old", apps: [{ id: "/old/x", ...small }] },
        { id: "/strict", enforceRole: true, apps: [{ id: "/strict/x", ...small }] },
      ],
    });
    const [root] = definitionsOf(migration, (id) => id === "/old");
    expect(root).toMatchObject({
      groups: [{ id: "/new", enforceRole: false }, { id: "/old" }, { id: "/strict", enforceRole: true }],
    });
    expect(JSON.stringify(root).match(/enforceRole/g)).toHaveLength(2);
  });
});
