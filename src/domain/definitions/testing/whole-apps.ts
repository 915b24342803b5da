/** Apps that together say everything that an app can say, none of it what it is anyway. */

const strategies = {
  backoffSeconds: 2,
  backoffFactor: 2,
  maxLaunchDelaySeconds: 60,
  taskKillGracePeriodSeconds: 4,
  upgradeStrategy: { minimumHealthCapacity: 0.5, maximumOverCapacity: 0.25, labelsInPlace: true },
  dependencies: ["/b"],
  labels: { tier: "a" },
  killSelection: "OLDEST_FIRST",
};
const mapping = {
  containerPort: 80,
  hostPort: 0,
  servicePort: 10_080,
  protocol: "udp",
  name: "web",
  labels: { tier: "a" },
  networkNames: ["blue"],
};
const check = { intervalSeconds: 8, timeoutSeconds: 3, delaySeconds: 4 };
const twoNetworks = [{ mode: "container", name: "blue", labels: { tier: "a" } }, { name: "red" }];

export const appsWithEverything: readonly object[] = [
  {
    id: "/host",
    cmd: "run it",
    user: "guest",
    env: { A: "1", B: { secret: "s" } },
    secrets: { s: { source: "/s" } },
    instances: 2,
    cpus: 2,
    mem: 64,
    disk: 5,
    resourceLimits: { cpus: "unlimited", mem: 128 },
    executor: "/bin/executor",
    executorResources: { cpus: 0.2, mem: 64, disk: 20 },
    constraints: [["rack", "LIKE", "a"]],
    acceptedResourceRoles: ["*"],
    role: "dev",
    fetch: [{ uri: "http://a/b", extract: false, executable: true, cache: true, destPath: "d" }],
    portDefinitions: [{ port: 8080, protocol: "udp", name: "web", labels: { tier: "a" } }],
    requirePorts: true,
    healthChecks: [
      {
        protocol: "HTTPS",
        path: "/p",
        portIndex: 0,
        gracePeriodSeconds: 7,
        intervalSeconds: 8,
        timeoutSeconds: 3,
        maxConsecutiveFailures: 9,
        ignoreHttp1xx: true,
      },
      { protocol: "TCP", port: 99 },
      { protocol: "COMMAND", command: { value: "true" }, delaySeconds: 3 },
    ],
    readinessChecks: [
      {
        name: "ready",
        protocol: "HTTPS",
        path: "/r",
        portName: "web",
        intervalSeconds: 8,
        timeoutSeconds: 3,
        httpStatusCodesForReady: [201],
        preserveLastResponse: true,
      },
    ],
    ...strategies,
    unreachableStrategy: { inactiveAfterSeconds: 5, expungeAfterSeconds: 9 },
  },
  { id: "/older", args: ["a"], uris: ["http://a/b.zip"], ports: [8080], unreachableStrategy: "disabled" },
  {
    id: "/older-network",
    cmd: "run it",
    ipAddress: {
      networkName: "blue",
      labels: { tier: "a" },
      discovery: { ports: [{ number: 80, name: "web", protocol: "udp", labels: { tier: "a" } }] },
    },
  },
  {
    id: "/older-docker",
    container: { docker: { image: "web", network: "USER", portMappings: [mapping, { containerPort: 81 }] } },
    ipAddress: { networkName: "blue" },
  },
  {
    id: "/docker",
    container: {
      type: "DOCKER",
      docker: {
        image: "web",
        forcePullImage: true,
        privileged: true,
        parameters: [{ key: "env", value: "A=1" }],
      },
      volumes: [{ containerPath: "/data", hostPath: "/srv", mode: "RO" }],
    },
    healthChecks: [{ protocol: "MESOS_HTTP", path: "/p", portIndex: 0, ipProtocol: "IPv6" }],
  },
  {
    id: "/mesos",
    secrets: { login: { source: "/login" }, s: { source: "/s" } },
    container: {
      type: "MESOS",
      docker: { image: "web", pullConfig: { secret: "login" } },
      volumes: [{ containerPath: "s", secret: "s" }],
      portMappings: [mapping, { containerPort: 81 }],
    },
    networks: twoNetworks,
    check: { http: { portIndex: 1, path: "/p" }, ...check },
  },
  {
    id: "/resident",
    cmd: "run it",
    container: {
      volumes: [
        { containerPath: "data", mode: "RW", persistent: { size: 10, type: "path" } },
        {
          containerPath: "whole",
          mode: "RW",
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
    residency: { relaunchEscalationTimeoutSeconds: 9, taskLostBehavior: "RELAUNCH_AFTER_TIMEOUT" },
    check: { tcp: { port: 80 } },
  },
  {
    id: "/external",
    cmd: "run it",
    container: {
      volumes: [
        {
          containerPath: "data",
          mode: "RW",
          external: {
            provider: "dvdi",
            name: "data",
            size: 5,
            options: { "dvdi/driver": "rexray", "dvdi/iops": "100" },
            shared: true,
          },
        },
      ],
    },
  },
  {
    id: "/csi",
    cmd: "run it",
    container: {
      volumes: [
        {
          containerPath: "data",
          mode: "RO",
          external: {
            provider: "csi",
            name: "data",
            options: {
              pluginName: "nfs.csi.k8s.io",
              capability: {
                accessType: "mount",
                accessMode: "MULTI_NODE_MULTI_WRITER",
                fsType: "nfs4",
                mountFlags: ["nfsvers=4.1"],
              },
              nodeStageSecret: { password: "shop/storage" },
              nodePublishSecret: { user: "shop/storage" },
              volumeContext: { server: "nfs.example" },
            },
          },
        },
      ],
    },
  },
  { id: "/bridge", cmd: "run it", networks: [{ mode: "container/bridge" }] },
  { id: "/older-bridge", container: { docker: { image: "web", network: "BRIDGE" } } },
  { id: "/checked", cmd: "run it", gpus: 1, check: { http: { port: 80 } } },
  {
    id: "/apart",
    cmd: "run it",
    tty: true,
    container: {
      linuxInfo: { seccomp: { profileName: "own.json" }, ipcInfo: { mode: "PRIVATE", shmSize: 32 } },
    },
  },
  { id: "/free", cmd: "run it", container: { linuxInfo: { seccomp: { unconfined: true } } } },
  {
    id: "/checked-by-index",
    cmd: "run it",
    ports: [0, 0],
    healthChecks: [{ protocol: "TCP", portIndex: 1 }],
    check: { tcp: { portIndex: 1 } },
  },
  { id: "/checked-by-command", cmd: "run it", check: { exec: { command: { shell: "true" } } } },
];

const withVolume = (volume: object): object => ({
  id: "/a",
  cmd: "run it",
  container: { volumes: [volume] },
});
/** Field, where its problem stands, an app with it. */
export const refusedInApps: readonly (readonly [string, string, object])[] = [
  [
    "container.docker.credential",
    "/container/docker/credential",
    { id: "/a", container: { docker: { image: "web", credential: { principal: "p" } } } },
  ],
  [
    "container.volumes[].external.options.capability.accessType",
    "/container/volumes(0)/external/options/capability/accessType",
    withVolume({
      containerPath: "data",
      mode: "RW",
      external: {
        provider: "csi",
        name: "data",
        options: {
          pluginName: "p",
          capability: { accessType: "block", accessMode: "SINGLE_NODE_WRITER" },
        },
      },
    }),
  ],
  // Another one than the framework's.
  ["role", "/role", { id: "/a", cmd: "run it", role: "other" }],
];
