import { describe, expect, it } from "vitest";
import { volumesOf } from "./app.ts";
import { DefinitionInvalid, parseApp, parsePod } from "./index.ts";
import { residencyChanges } from "./residency.ts";

const rules = { defaultRole: "dev" };
const app = (persistent: object, more: object = {}) =>
  parseApp(
    {
      id: "/a",
      cmd: "run it",
      container: { volumes: [{ containerPath: "data", mode: "RW", persistent, ...more }] },
    },
    rules,
  );
const pod = (persistent: object, more: object = {}, ofContainer: object = {}) =>
  parsePod(
    {
      id: "/p",
      containers: [
        {
          name: "c",
          resources: { cpus: 0.1, mem: 32 },
          exec: { command: { shell: "run it" } },
          volumeMounts: [{ name: "data", mountPath: "data" }],
          ...ofContainer,
        },
      ],
      volumes: [{ name: "data", persistent }],
      ...more,
    },
    rules,
  );
const problems = (parse: () => unknown): readonly (readonly [string, string])[] => {
  try {
    parse();
    return [];
  } catch (error) {
    if (!(error instanceof DefinitionInvalid)) throw error;
    return error.details.flatMap(({ path, errors }) => errors.map((each) => [path, each] as const));
  }
};

describe("the disk of a persistent volume", () => {
  it.each([
    [{ size: 5 }, { type: "root", size: 5 }],
    [
      { size: 5, profileName: "ssd" },
      { type: "mount", size: 5, profileName: "ssd" },
    ],
    [
      { size: 5, type: "path", profileName: "ssd" },
      { type: "path", size: 5, profileName: "ssd" },
    ],
    [
      { size: 5, type: "mount", maxSize: 9, constraints: [["path", "like", "/a.*"]] },
      { type: "mount", size: 5, maxSize: 9, constraints: [["path", "LIKE", "/a.*"]] },
    ],
    [
      { size: 5, constraints: [] },
      { type: "root", size: 5 },
    ],
  ])("%j is completed, of apps and of pods", (given, expected) => {
    expect(volumesOf(app(given))).toEqual([{ containerPath: "data", mode: "RW", persistent: expected }]);
    expect(volumesOf(pod(given))).toEqual([{ containerPath: "data", mode: "RW", persistent: expected }]);
  });

  it.each([
    [{ size: 0 }, "size", "must be at least 1 MiB"],
    [{ size: 5, maxSize: 9 }, "maxSize", "is for disks of type mount"],
    [{ size: 5, type: "path", maxSize: 9 }, "maxSize", "is for disks of type mount"],
    [{ size: 5, type: "mount", maxSize: 5 }, "maxSize", "must be larger than size, which is 5"],
    [{ size: 5, type: "root", profileName: "a" }, "profileName", "is for disks of type path and mount"],
    [{ size: 5, constraints: [["path", "LIKE", "a"]] }, "constraints", "is for disks of type path and mount"],
    [
      { size: 5, type: "path", constraints: [["rack", "LIKE", "a"]] },
      "constraints(0)",
      '"rack" is nothing that a disk has; its field is path',
    ],
    [
      { size: 5, type: "path", constraints: [["path", "UNIQUE"]] },
      "constraints(0)",
      '"UNIQUE" is no operator; there are LIKE, UNLIKE',
    ],
    [
      { size: 5, type: "path", constraints: [["path", "UNLIKE"]] },
      "constraints(0)",
      "UNLIKE needs a regular expression",
    ],
    [
      { size: 5, type: "path", constraints: [["path", "LIKE", "("]] },
      "constraints(0)",
      expect.stringContaining('"(" is not a valid regular expression'),
    ],
  ])("%j is refused at its field", (given, field, error) => {
    expect(problems(() => app(given))).toEqual([[`/container/volumes(0)/persistent/${field}`, error]]);
    expect(problems(() => pod(given))).toEqual([[`/volumes(0)/persistent/${field}`, error]]);
  });

  it("is written to", () => {
    expect(problems(() => app({ size: 5 }, { mode: "RO" }))).toEqual([
      ["/container/volumes(0)/mode", "must be RW for a persistent volume"],
    ]);
  });
});

describe("a pod with persistent volumes", () => {
  it("ends an instance before another one starts, and waits for nodes that are away", () => {
    expect(pod({ size: 5 })).toMatchObject({
      upgradeStrategy: { minimumHealthCapacity: 0.5, maximumOverCapacity: 0 },
      unreachableStrategy: "disabled",
    });
  });

  it.each([
    [
      { scheduling: { upgrade: { minimumHealthCapacity: 1, maximumOverCapacity: 1 } } },
      "/scheduling/upgrade/maximumOverCapacity",
    ],
    [
      { scheduling: { unreachableStrategy: { inactiveAfterSeconds: 1, expungeAfterSeconds: 2 } } },
      "/scheduling/unreachableStrategy",
    ],
    [
      { scheduling: { placement: { acceptedResourceRoles: ["dev"] } } },
      "/scheduling/placement/acceptedResourceRoles",
    ],
    [{ volumes: [{ name: "data", host: "/a", persistent: { size: 5 } }] }, "/volumes(0)/persistent"],
  ])("is refused with %j", (more, path) => {
    expect(problems(() => pod({ size: 5 }, more)).map(([at]) => at)).toEqual([path]);
  });

  it("keeps what is reserved for it", () => {
    const before = pod({ size: 5 });
    const env = { environment: { A: "b" } };
    const more = { resources: { cpus: 0.2, mem: 64 } };
    const ported = { endpoints: [{ name: "http", hostPort: 31_000 }] };
    expect(residencyChanges(before, pod({ size: 5 }, {}, env))).toEqual([]);
    expect(residencyChanges(before, pod({ size: 6 }))).toEqual(["/volumes"]);
    expect(residencyChanges(before, pod({ size: 5, type: "path" }))).toEqual(["/volumes"]);
    expect(residencyChanges(before, pod({ size: 5 }, {}, more))).toEqual(["/containers"]);
    expect(residencyChanges(before, pod({ size: 5 }, {}, ported))).toEqual(["/containers"]);
  });
});

describe("an app with persistent volumes", () => {
  it("keeps its ports, those into its container too", () => {
    const bridged = (hostPort: number) =>
      parseApp(
        {
          id: "/a",
          cmd: "run it",
          networks: [{ mode: "container/bridge" }],
          container: {
            volumes: [{ containerPath: "data", mode: "RW", persistent: { size: 5 } }],
            portMappings: [{ containerPort: 80, hostPort }],
          },
        },
        rules,
      );
    expect(residencyChanges(bridged(0), bridged(0))).toEqual([]);
    expect(residencyChanges(bridged(0), bridged(31_000))).toEqual(["/container/portMappings"]);
  });
});
