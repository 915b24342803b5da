import { describe, expect, it } from "vitest";
import type { DeploymentItem } from "#contracts/services/own-endpoints.ts";
import type { ReasonCode } from "#contracts/services/reasons.ts";
import type { Why } from "../service-queries.ts";
import { isGoingWrong } from "./verdict.ts";

const deployment = (state: DeploymentItem["state"]): DeploymentItem => ({
  id: "d",
  startedAt: 0,
  services: ["/a"],
  step: 1,
  steps: [],
  done: 0,
  wanted: 1,
  state,
});
const why = (...codes: readonly ReasonCode[]): Why => ({
  kind: "service",
  id: "/a",
  isAsWished: false,
  reasons: codes.map((code) => ({ code, parameters: {}, message: "", commands: [], nodes: [] })),
});

describe("a change under way", () => {
  it.each([
    [deployment("running"), why("deploymentRunning", "commandNotFound"), true],
    [deployment("running"), why("deploymentRunning", "launching"), false],
    [undefined, why("insufficientResources"), true],
    [deployment("succeeded"), why("unhealthy"), true],
    [deployment("succeeded"), why("launching"), false],
    [deployment("cancelled"), why("backoff"), false],
    [deployment("failed"), undefined, true],
    [deployment("running"), undefined, false],
    [deployment("running"), { ...why("backoff"), isAsWished: true }, false],
  ])("%#", (given, reasons, expected) => {
    expect(isGoingWrong(given, reasons)).toBe(expected);
  });
});
