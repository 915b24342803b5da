import { describe, expect, it } from "vitest";
import { externalVolumesOf } from "./app.ts";
import { volumeConflicts, volumeOfPlugin } from "./external-volumes.ts";
import { DefinitionInvalid, parseApp, ShapeInvalid } from "./index.ts";

const driver = { "dvdi/driver": "rexray" };
const volume = (external: object = {}, more: object = {}): object => ({
  containerPath: "data",
  mode: "RW",
  external: { provider: "dvdi", name: "web-data", options: driver, ...external },
  ...more,
});
const anApp = (volumes: readonly object[], more: object = {}): object => ({
  id: "/web",
  cmd: "run it",
  container: { type: "MESOS", volumes },
  ...more,
});
const docker = (external: object, more: object = {}): object =>
  anApp([], {
    container: {
      type: "DOCKER",
      docker: { image: "web" },
      volumes: [volume(external, { containerPath: "/data", ...more })],
    },
  });
const parse = (body: object) => parseApp(body, { defaultRole: "dev" });

function refused(body: object): readonly string[] {
  try {
    parse(body);
    return [];
  } catch (error) {
    if (!(error instanceof DefinitionInvalid) && !(error instanceof ShapeInvalid)) throw error;
    return error.details.map(({ path, errors }) => `${path}: ${errors.join("; ")}`);
  }
}

describe("external volumes of an app", () => {
  it("are complete with their defaults, and change the app's own", () => {
    const app = parse(anApp([volume({ size: 5 })]));
    expect(app.container?.volumes).toEqual([
      {
        containerPath: "data",
        mode: "RW",
        external: { provider: "dvdi", name: "web-data", size: 5, options: driver, shared: false },
      },
    ]);
    expect(app.upgradeStrategy).toEqual({ minimumHealthCapacity: 0.5, maximumOverCapacity: 0 });
    expect(app).not.toHaveProperty("residency");
    expect(parse(docker({}, { mode: "RO" })).container?.volumes).toHaveLength(1);
  });

  it.each<[string, object, string]>([
    ["no name", anApp([volume({ name: "" })]), "/container/volumes(0)/external/name"],
    ["no driver", anApp([volume({ options: {} })]), '/container/volumes(0)/external/options("dvdi/driver")'],
    [
      "a driver that is a path",
      anApp([volume({ options: { "dvdi/driver": "a/b" } })]),
      "is no name of a volume plugin",
    ],
    ["read only in MESOS", anApp([volume({}, { mode: "RO" })]), "/container/volumes(0)/mode: must be RW"],
    [
      "a path that leads out",
      anApp([volume({}, { containerPath: "../x" })]),
      "/container/volumes(0)/containerPath",
    ],
    ["no path", anApp([volume({}, { containerPath: "." })]), "/container/volumes(0)/containerPath"],
    [
      "twice the same",
      anApp([volume(), volume({}, { containerPath: "b" })]),
      "declared more than once within app /web",
    ],
    [
      "two instances",
      anApp([volume({ shared: true })], { instances: 2 }),
      "/instances: Number of instances is limited to 1",
    ],
    [
      "room for a second",
      anApp([volume()], { upgradeStrategy: { minimumHealthCapacity: 0, maximumOverCapacity: 1 } }),
      "/upgradeStrategy/maximumOverCapacity: must be 0",
    ],
    [
      "options with DOCKER",
      docker({ options: { ...driver, "dvdi/iops": "1" } }),
      "/external/options: must only contain",
    ],
    ["a size with DOCKER", docker({ size: 5 }), "/external/size: must be undefined"],
    ["a relative path with DOCKER", docker({}, { containerPath: "data" }), "value must be an absolute path"],
    [
      "another provider",
      anApp([volume({ provider: "nfs" })]),
      "/container/volumes(0)/external/provider: error.unknown.enum.literal",
    ],
  ])("with %s are refused", (_name, body, problem) => expect(refused(body).join("\n")).toContain(problem));

  it("are asked of the plugin without the prefix of their options", () => {
    const options = { ...driver, "dvdi/repl": " 3 ", "other/x": "y" };
    const [external] = externalVolumesOf(parse(anApp([volume({ size: 5, options })])));
    expect(external === undefined ? undefined : volumeOfPlugin(external)).toEqual({
      driver: "rexray",
      name: "web-data",
      options: { repl: "3", size: "5" },
      containerPath: "data",
      isReadOnly: false,
    });
  });

  it("are one app's, unless all of them share", () => {
    const alone = parse(anApp([volume()]));
    const shared = parse(anApp([volume({ shared: true })], { id: "/shared" }));
    const another = parse(anApp([volume({ shared: true })], { id: "/another" }));
    const free = parse({ id: "/free", cmd: "run it" });
    const all = [alone, shared, another, free];
    expect(volumeConflicts(alone, all)).toEqual([{ name: "web-data", apps: ["/another", "/shared"] }]);
    expect(volumeConflicts(shared, all)).toEqual([{ name: "web-data", apps: ["/web"] }]);
    expect(volumeConflicts(shared, [shared, another, free])).toEqual([]);
    expect(volumeConflicts(free, all)).toEqual([]);
  });
});
