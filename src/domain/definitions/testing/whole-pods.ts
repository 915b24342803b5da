/** Pods that together say everything that a pod can say, none of it what it is anyway. */

const resources = { cpus: 0.5, mem: 64, disk: 5 };
const times = { intervalSeconds: 8, timeoutSeconds: 3, delaySeconds: 4 };
const least = { name: "a", resources, exec: { command: { shell: "run it" } } };

export const podsWithEverything: readonly object[] = [
  {
    id: "/pod",
    labels: { tier: "a" },
    user: "guest",
    environment: { A: "1", B: { secret: "s" } },
    secrets: { s: { source: "/s" }, login: { source: "/login" } },
    containers: [
      {
        name: "web",
        resources,
        resourceLimits: { cpus: "unlimited", mem: 128 },
        exec: { command: { argv: ["-v"] }, overrideEntrypoint: false },
        image: { id: "web", forcePull: true, labels: { tier: "a" }, pullConfig: { secret: "login" } },
        endpoints: [
          {
            name: "http",
            containerPort: 80,
            hostPort: 0,
            protocol: ["udp"],
            labels: { tier: "a" },
            networkNames: ["blue"],
          },
        ],
        environment: { C: "1", D: { secret: "s" } },
        user: "guest",
        healthCheck: {
          http: { endpoint: "http", path: "/p", scheme: "HTTPS" },
          ...times,
          gracePeriodSeconds: 7,
          maxConsecutiveFailures: 9,
        },
        check: { http: { endpoint: "http", path: "/p" }, ...times },
        volumeMounts: [
          { name: "shared", mountPath: "/data" },
          { name: "file", mountPath: "file" },
          { name: "logs", mountPath: "/var/log/host", readOnly: true },
        ],
        artifacts: [{ uri: "http://a/b", extract: false, executable: true, cache: true, destPath: "d" }],
        labels: { tier: "a" },
        lifecycle: { killGracePeriodSeconds: 2.5 },
      },
      {
        ...least,
        name: "side",
        endpoints: [{ name: "admin", containerPort: 81 }],
        healthCheck: { tcp: { endpoint: "admin" } },
        check: { tcp: { endpoint: "admin" } },
      },
      {
        ...least,
        name: "third",
        resources: { ...resources, gpus: 1 },
        tty: true,
        linuxInfo: { seccomp: { profileName: "own.json" }, ipcInfo: { mode: "PRIVATE", shmSize: 32 } },
        healthCheck: { exec: { command: { shell: "true" } } },
        check: { exec: { command: { shell: "true" } } },
      },
      {
        ...least,
        name: "fourth",
        linuxInfo: { seccomp: { unconfined: true } },
        healthCheck: { exec: { command: { argv: ["true"] } } },
        check: { exec: { command: { argv: ["true"] } } },
      },
    ],
    volumes: [{ name: "shared" }, { name: "file", secret: "s" }, { name: "logs", host: "/var/log" }],
    networks: [{ mode: "container", name: "blue", labels: { tier: "a" } }, { name: "red" }],
    scaling: { instances: 2 },
    scheduling: {
      backoff: { backoff: 2, backoffFactor: 2, maxLaunchDelay: 60 },
      upgrade: { minimumHealthCapacity: 0.5, maximumOverCapacity: 0.25, labelsInPlace: true },
      placement: {
        constraints: [{ fieldName: "rack", operator: "LIKE", value: "a" }],
        acceptedResourceRoles: ["*"],
      },
      killSelection: "OLDEST_FIRST",
      unreachableStrategy: { inactiveAfterSeconds: 5, expungeAfterSeconds: 9 },
    },
    executorResources: { cpus: 0.2, mem: 64, disk: 20 },
    linuxInfo: { ipcInfo: { mode: "PRIVATE", shmSize: 64 } },
    role: "dev",
  },
  {
    id: "/resident",
    containers: [
      {
        ...least,
        volumeMounts: [
          { name: "v", mountPath: "v" },
          { name: "w", mountPath: "w" },
        ],
      },
    ],
    volumes: [
      { name: "v", persistent: { size: 10, type: "path" } },
      {
        name: "w",
        persistent: {
          type: "mount",
          size: 10,
          maxSize: 20,
          profileName: "fast",
          constraints: [["path", "LIKE", "/disks/.*"]],
        },
      },
    ],
  },
  {
    id: "/bridge",
    containers: [{ ...least, endpoints: [{ name: "http", containerPort: 80 }] }],
    networks: [{ mode: "container/bridge" }],
    scheduling: { unreachableStrategy: "disabled" },
  },
];

const withContainer = (fields: object, pod: object = {}): object => ({
  id: "/pod",
  containers: [{ ...least, ...fields }],
  ...pod,
});

/** Field, where its problem stands, a pod with it. */
export const refusedInPods: readonly (readonly [string, string, object])[] = [
  ["linuxInfo.seccomp", "/linuxInfo/seccomp", withContainer({}, { linuxInfo: { seccomp: {} } })],
  ["legacySharedCgroups", "/legacySharedCgroups", withContainer({}, { legacySharedCgroups: true })],
  ["role", "/role", withContainer({}, { role: "other" })],
];
