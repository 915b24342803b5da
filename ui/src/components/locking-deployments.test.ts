import { describe, expect, it } from "vitest";
import { lockingDeployments } from "./locking-deployments.ts";

describe("deployments that a refusal names", () => {
  it.each([
    ["Marathon's 409", { message: "locked", deployments: [{ id: "d1" }, { id: "d2" }] }, ["d1", "d2"]],
    ["our own Conflict", { code: "Conflict", lockedBy: [{ deploymentId: "d3" }] }, ["d3"]],
    ["details of it", { details: { lockedBy: [{ deploymentId: "d4" }] } }, ["d4"]],
    ["something else", { deployments: "d5" }, []],
    ["no object", "locked", []],
  ])("%s", (_name, body, ids) => {
    expect(lockingDeployments(body)).toEqual(ids);
  });
});
