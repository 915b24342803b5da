/** What of a pod is taken, what it becomes, and what is refused where. */
import { describe, expect, it } from "vitest";
import { explainField } from "#contracts/docs/field-docs.ts";
import { DefinitionInvalid, parsePod, podOf, ShapeInvalid } from "./index.ts";

const options = { defaultRole: "slave_public" };
const small = {
  id: "/shop/front",
  containers: [{ name: "web", exec: { command: { shell: "sleep 1" } }, resources: { cpus: 0.1, mem: 32 } }],
};

/** The one container with changes. */
const withContainer = (changes: object, pod: object = {}): object => ({
  ...small,
  containers: [{ ...small.containers[0], ...changes }],
  ...pod,
});

function refused(body: unknown): Readonly<Record<string, readonly string[]>> {
  try {
    parsePod(body, options);
    return {};
  } catch (error) {
    if (!(error instanceof DefinitionInvalid || error instanceof ShapeInvalid)) throw error;
    return Object.fromEntries(error.details.map(({ path, errors }) => [path, errors]));
  }
}

describe("a pod", () => {
  it("gets its defaults, and what an instance takes is the sum of all parts", () => {
    const definition = parsePod(small, options);
    expect(definition).toMatchObject({ instances: 1, cpus: 0.2, mem: 64, disk: 10, gpus: 0 });
    expect(podOf(definition)).toEqual({
      id: "/shop/front",
      labels: {},
      containers: [
        {
          name: "web",
          exec: { command: { shell: "sleep 1" } },
          resources: { cpus: 0.1, mem: 32, disk: 0, gpus: 0 },
        },
      ],
      executorResources: { cpus: 0.1, mem: 32, disk: 10 },
      networks: [{ mode: "host" }],
      scaling: { kind: "fixed", instances: 1 },
      scheduling: {
        backoff: { backoff: 1, backoffFactor: 1.15, maxLaunchDelay: 300 },
        upgrade: { minimumHealthCapacity: 1, maximumOverCapacity: 1 },
        placement: { constraints: [] },
        killSelection: "YOUNGEST_FIRST",
        unreachableStrategy: { inactiveAfterSeconds: 0, expungeAfterSeconds: 0 },
      },
      role: "slave_public",
    });
  });

  it("that was shown is taken back as the same", () => {
    const definition = parsePod(explainField("pod", "en")?.example, options);
    expect(parsePod(podOf(definition), options)).toEqual(definition);
  });

  it.each([
    ["no containers", { id: "/a", containers: [] }, { "/containers": ["error.minLength"] }],
    [
      "a container without resources",
      { id: "/a", containers: [{ name: "x" }] },
      { "/containers(0)/resources": ["error.path.missing"] },
    ],
    ["a name with capitals", withContainer({ name: "Web" }), { "/containers(0)/name": ["error.pattern"] }],
    [
      "the name of apps' own container",
      withContainer({ name: "_app" }),
      { "/containers(0)/name": ["error.pattern"] },
    ],
    [
      "cpus of nothing",
      withContainer({ resources: { cpus: 0 } }),
      { "/containers(0)/resources/cpus": ["error.min"] },
    ],
    [
      "more than anybody can count",
      withContainer({ resources: { cpus: 1, mem: 1e16 }, lifecycle: { killGracePeriodSeconds: 1e300 } }),
      {
        "/containers(0)/resources/mem": ["error.max"],
        "/containers(0)/lifecycle/killGracePeriodSeconds": ["error.max"],
      },
    ],
    [
      "an executor that is too small",
      { ...small, executorResources: { mem: 16 } },
      { "/executorResources/mem": ["error.min"] },
    ],
    [
      "a variable that can't be one",
      withContainer({ environment: { "a-b": "1" } }),
      { "/containers(0)/environment/a-b": ["error.pattern"] },
    ],
  ])("of the wrong shape is told where: %s", (_name, body, expected) => {
    expect(refused(body)).toMatchObject(expected);
  });

  it("that makes no sense is told all that is wrong at once", () => {
    const { containers } = small;
    const [container] = containers;
    expect(
      refused({
        ...small,
        containers: [
          {
            ...container,
            endpoints: [{ name: "http", hostPort: 80, containerPort: 8080 }],
            volumeMounts: [{ name: "nowhere", mountPath: "/data" }],
            healthCheck: { tcp: { endpoint: "other" }, intervalSeconds: 5, timeoutSeconds: 5 },
          },
          { ...container, exec: { command: { argv: [] } }, endpoints: [{ name: "http", hostPort: 80 }] },
        ],
        volumes: [{ name: "shared" }],
        scheduling: { placement: { constraints: [{ fieldName: "rack", operator: "MAX_PER", value: "x" }] } },
      }),
    ).toEqual({
      "/containers": ["container names are unique"],
      "/": ["Endpoint names are unique across all containers", "Host ports are unique across all containers"],
      "/containers(0)/endpoints(0)/containerPort": ["must not be set in a host network"],
      "/containers(0)/volumeMounts(0)/name": ['no volume of the pod is named "nowhere"'],
      "/containers(0)/volumeMounts(0)/mountPath": ["must be relative and stay inside the sandbox"],
      "/containers(0)/healthCheck/tcp/endpoint": ['no endpoint of the container is named "other"'],
      "/containers(0)/healthCheck/timeoutSeconds": ["must be smaller than intervalSeconds"],
      "/containers(1)/exec/command": ["must not be empty"],
      "/volumes(0)": ["a volume is mounted by one container at least"],
      "/scheduling/placement/constraints(0)": ["MAX_PER needs a whole number"],
    });
  });

  it("has folders of the machine, and mounts that nobody writes to", () => {
    const mounts = [
      { name: "logs", mountPath: "/var/log/host", readOnly: true },
      { name: "mine", mountPath: "mine", readOnly: false },
    ];
    const volumes = [{ name: "logs", host: "/var/log" }, { name: "mine" }];
    const pod = podOf(parsePod(withContainer({ volumeMounts: mounts }, { volumes }), options));
    expect(pod?.volumes).toEqual(volumes);
    expect(pod?.containers[0]?.volumeMounts).toEqual([mounts[0], { name: "mine", mountPath: "mine" }]);
    const relative = refused(
      withContainer({ volumeMounts: mounts }, { volumes: [{ name: "logs", host: "log/../.." }] }),
    );
    expect(relative["/volumes(0)/host"]).toEqual(["must be an absolute path, or one below the sandbox"]);
  });

  const endpoint = (fields: object) => ({ endpoints: [{ name: "http", ...fields }] });
  it.each([
    ["host", [], endpoint({}), { hostPort: 0 }],
    [
      "bridge",
      [{ mode: "container/bridge" }],
      endpoint({ containerPort: 80 }),
      { containerPort: 80, hostPort: 0 },
    ],
    ["named", [{ name: "blue" }], endpoint({ containerPort: 80 }), { containerPort: 80 }],
    [
      "named, with a port of the agent",
      [{ name: "blue" }, { name: "red" }],
      endpoint({ containerPort: 0, hostPort: 0, networkNames: ["red"] }),
      { containerPort: 0, hostPort: 0, networkNames: ["red"] },
    ],
  ])("in a network has ports of its own: %s", (_name, networks, changes, expected) => {
    const pod = podOf(parsePod(withContainer(changes, { networks }), options));
    expect(pod?.containers[0]?.endpoints).toEqual([{ name: "http", protocol: ["tcp"], ...expected }]);
    expect(pod?.networks).toEqual(
      networks.length === 0 ? [{ mode: "host" }] : networks.map((each) => ({ mode: "container", ...each })),
    );
  });

  it.each([
    ["/networks(0)/name", [{ mode: "container" }], {}],
    ["/networks(0)/name", [{ mode: "container/bridge", name: "blue" }], {}],
    ["/networks", [{ mode: "host" }, { name: "blue" }], {}],
    ["/networks", [{ name: "blue" }, { name: "blue" }], {}],
    ["/containers(0)/endpoints(0)/containerPort", [{ name: "blue" }], endpoint({})],
    ["/containers(0)/endpoints(0)/networkNames", [], endpoint({ networkNames: ["blue"] })],
    [
      "/containers(0)/endpoints(0)/networkNames",
      [{ name: "blue" }],
      endpoint({ containerPort: 1, networkNames: ["red"] }),
    ],
    [
      "/containers(0)/endpoints(0)/networkNames",
      [{ name: "blue" }, { name: "red" }],
      endpoint({ containerPort: 1, hostPort: 0 }),
    ],
  ])("in networks that make no sense is told %s", (path, networks, changes) => {
    expect(Object.keys(refused(withContainer(changes, { networks })))).toEqual([path]);
  });

  const notBuilt = / is not supported by this version of Keelson$/;
  it.each([["/linuxInfo/seccomp", withContainer({}, { linuxInfo: { seccomp: {} } })]])(
    "is refused for what is not there, by name: %s",
    (path, body) => {
      expect(refused(body)[path]).toEqual([expect.stringMatching(notBuilt)]);
    },
  );
});

describe("documentation of the pod's fields", () => {
  const fields = (explainField("pod", "en")?.children ?? []).filter(({ name }) => name !== "volumes");
  it.each(fields)(
    "$path's example is taken, or refused where it says that it is not built",
    ({ name, example, since }) => {
      const problems = Object.keys(refused({ ...small, [name]: example }));
      if (since === undefined) expect(problems).not.toEqual([]);
      else expect(problems).toEqual([]);
    },
  );

  it("gives the defaults that a pod gets", () => {
    const pod: Readonly<Record<string, unknown>> = { ...podOf(parsePod(small, options)) };
    for (const { name, path, default: fallback } of fields) {
      if (!Object.hasOwn(pod, name) || Object.hasOwn(small, name) || name === "scheduling") continue;
      expect({ path, value: pod[name] }).toEqual({ path, value: fallback });
    }
  });
});
