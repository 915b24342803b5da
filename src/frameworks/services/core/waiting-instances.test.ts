import { array, assert, constantFrom, integer, property, record } from "fast-check";
import { describe, expect, it } from "vitest";
import { Resources } from "#domain/resources/index.ts";
import { type Instance, newInstance } from "./instance.ts";
import { nextFor } from "./residency.ts";
import { WaitingInstances } from "./waiting-instances.ts";

const places = ["anywhere", "agent-0", "agent-1", "agent-2"] as const;

function anInstance(id: string): Instance {
  return newInstance({
    id,
    appId: "/db",
    role: Number(id.slice(2)) % 2 === 0 ? "db" : "cache",
    createdAt: 1,
    version: 1,
    configVersion: 1,
  });
}

const onAgent = (agentId: string) => ({ agentId, left: Resources.empty, takesFresh: true });

function bind(instance: Instance, agentId: string): void {
  instance.agent = { agentId, host: agentId, region: undefined, zone: undefined, attributes: [] };
  instance.reservation = agentId === "anywhere" ? undefined : { resources: [], volumes: [], isMade: true };
}

describe("instances that wait", () => {
  it("are found where a scan of all would find them, whatever comes, goes and is bound elsewhere", () => {
    const step = record({
      deed: constantFrom("add", "delete"),
      which: integer({ min: 0, max: 6 }),
      place: constantFrom(...places),
    });
    assert(
      property(array(step, { maxLength: 100 }), (steps) => {
        const instances = Array.from({ length: 7 }, (_, index) => anInstance(`i-${index}`));
        const waiting = new WaitingInstances();
        /** In the order in which they came to where they are. */
        let scan: { readonly instance: Instance; readonly place: string }[] = [];
        for (const { deed, which, place } of steps) {
          const instance = instances[which] as Instance;
          if (deed === "delete") {
            waiting.delete(instance);
            scan = scan.filter((each) => each.instance !== instance);
          } else {
            bind(instance, place);
            waiting.add(instance);
            if (!scan.some((each) => each.instance === instance && each.place === place))
              scan = [...scan.filter((each) => each.instance !== instance), { instance, place }];
          }
          const at = (name: string) =>
            scan.filter((each) => each.place === name).map((each) => each.instance);
          expect(waiting.size).toBe(scan.length);
          expect(waiting.firstFresh()).toBe(at("anywhere")[0]);
          for (const name of places.slice(1)) expect([...waiting.boundTo(name)]).toEqual(at(name));
          expect(new Set(waiting.bound())).toEqual(new Set(places.slice(1).flatMap(at)));
          const roles = places
            .slice(1)
            .flatMap(at)
            .map(({ role }) => role);
          expect(waiting.rolesWith("own")).toEqual(
            new Set(at("anywhere").length > 0 ? [...roles, "own"] : roles),
          );
          expect(waiting.check()).toEqual([]);
        }
      }),
    );
  });

  it("and are bound to other agents are not looked at when an offer comes", () => {
    const waiting = new WaitingInstances();
    let looks = 0;
    for (let index = 0; index < 5_000; index += 1) {
      const instance = anInstance(`i-${index}`);
      bind(instance, index < 2 ? "agent-0" : `agent-${index}`);
      waiting.add(instance);
      const { reservation } = instance;
      Object.defineProperty(instance, "reservation", {
        get: () => {
          looks += 1;
          return reservation;
        },
      });
    }
    expect(nextFor(waiting, onAgent("agent-0"))?.instance.id).toBe("i-0");
    expect(nextFor(waiting, onAgent("agent-none"))).toBeUndefined();
    expect(looks).toBeLessThanOrEqual(2);
  });
});
