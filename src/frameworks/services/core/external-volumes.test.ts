/** A volume of a plugin is one app's, unless all that have it share it: judged over all apps as a change leaves them. */
import { describe, expect, it } from "vitest";
import { anApp } from "./testing/builders.ts";
import { World } from "./testing/world.ts";

type Fields = Parameters<typeof anApp>[0];

const withVolume = (id: string, name: string, shared = false): Fields => ({
  id,
  portDefinitions: [],
  upgradeStrategy: { minimumHealthCapacity: 0.5, maximumOverCapacity: 0 },
  container: {
    type: "MESOS",
    volumes: [
      {
        containerPath: "data",
        mode: "RW",
        external: { provider: "dvdi", name, options: { "dvdi/driver": "rexray" }, shared },
      },
    ],
  },
});

function change(world: World, apps: readonly Fields[], removals: readonly string[] = []) {
  const request = world.ask((number) => ({
    kind: "changeApps",
    request: number,
    upserts: apps.map((fields) => ({ definition: anApp(fields), expect: "any" })),
    removals,
    force: true,
  }));
  return world.replies.get(request);
}

const conflict = (name: string, one: string, other: string) => ({
  kind: "refused",
  refusal: {
    code: "Invalid",
    details: [
      {
        path: "/container/volumes",
        errors: [`Volume name '${name}' in ${one} conflicts with volume(s) of same name in app(s): ${other}`],
      },
    ],
  },
});

describe("a volume of a plugin", () => {
  it("is not given to a second app, in a change of its own or in the same", () => {
    const world = World.started();
    expect(change(world, [withVolume("/first", "shop")])).toMatchObject({ kind: "deployed" });
    expect(change(world, [withVolume("/second", "shop")])).toEqual(conflict("shop", "/second", "/first"));
    expect(change(world, [withVolume("/a", "new"), withVolume("/b", "new")])).toEqual(
      conflict("new", "/a", "/b"),
    );
    expect(change(world, [withVolume("/second", "other")])).toMatchObject({ kind: "deployed" });
  });

  it("is free once the app that had it is gone, or has another", () => {
    const world = World.started();
    change(world, [withVolume("/first", "shop"), withVolume("/second", "other")]);
    expect(change(world, [withVolume("/third", "shop")], ["/first"])).toMatchObject({ kind: "deployed" });
    const moved = [withVolume("/second", "fresh"), withVolume("/fourth", "other")];
    expect(change(world, moved)).toMatchObject({ kind: "deployed" });
  });

  it("is had by several that all share it, and by none besides", () => {
    const world = World.started();
    const both = [withVolume("/first", "shop", true), withVolume("/second", "shop", true)];
    expect(change(world, both)).toMatchObject({ kind: "deployed" });
    expect(change(world, [withVolume("/third", "shop")])).toEqual(
      conflict("shop", "/third", "/first, /second"),
    );
    expect(change(world, [withVolume("/first", "shop")])).toEqual(conflict("shop", "/first", "/second"));
  });
});
