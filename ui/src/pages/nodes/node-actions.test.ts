import { describe, expect, it } from "vitest";
import { actionsFor } from "./node-actions.ts";

describe("what can be decided about a node", () => {
  it.each([
    ["active", "inService", ["drain", "deactivate", "decommission", "gone"]],
    ["active", "deactivated", ["reactivate", "drain", "decommission", "gone"]],
    ["active", "draining", ["drain", "decommission", "gone"]],
    ["disconnected", "drained", ["reactivate", "decommission", "gone"]],
    ["unreachable", "inService", ["gone"]],
    ["unreachable", "gone", []],
  ] as const)("%s and %s: %j", (state, standing, actions) => {
    expect(actionsFor({ state, standing })).toEqual(actions);
  });
});
