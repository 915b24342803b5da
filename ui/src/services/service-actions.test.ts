import { describe, expect, it } from "vitest";
import { actionsFor, changeOf } from "./service-actions.ts";

const instances = (wanted: number) => ({
  instances: { wanted, running: wanted, staged: 0, healthy: wanted, unhealthy: 0 },
});

describe("actions on services", () => {
  it("are those that make sense", () => {
    expect(actionsFor(instances(2))).toEqual(["scale", "restart", "stop", "delete"]);
    expect(actionsFor(instances(0))).toEqual(["resume", "scale", "delete"]);
  });

  it.each([
    ["scale", { definitions: [], instances: { "/a": 3, "/b": 3 } }],
    ["resume", { definitions: [], instances: { "/a": 3, "/b": 3 } }],
    ["stop", { definitions: [], instances: { "/a": 0, "/b": 0 } }],
    ["restart", { definitions: [], restarts: ["/a", "/b"] }],
    ["delete", { definitions: [], removals: ["/a", "/b"] }],
  ] as const)("%s is one change of all of them", (action, change) => {
    expect(changeOf(action, ["/a", "/b"], 3)).toEqual(change);
  });
});
