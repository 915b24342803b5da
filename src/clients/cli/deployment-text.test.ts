import { describe, expect, it } from "vitest";
import { type MessageKey, type MessageParameters, text } from "#contracts/messages/messages.ts";
import type { DeploymentItem, InstanceItem } from "#contracts/services/own-endpoints.ts";
import type { Reason } from "#contracts/services/reasons.ts";
import type { Context } from "./context.ts";
import { progressEvents, progressTree } from "./deployment-text.ts";
import { createPaint } from "./terminal/colour.ts";

const say = (key: MessageKey, parameters?: MessageParameters): string => text("en", key, parameters);
const context = { say, paint: createPaint(false) } as unknown as Context;

const deployment = (more: Partial<DeploymentItem> = {}): DeploymentItem => ({
  id: "d",
  startedAt: 0,
  services: ["/web"],
  step: 1,
  steps: [
    { actions: [{ action: "start", service: "/web", from: 0, to: 0 }] },
    { actions: [{ action: "scale", service: "/web", from: 0, to: 4 }] },
  ],
  done: 1,
  wanted: 4,
  state: "running",
  ...more,
});

const instance = (id: string, more: Partial<InstanceItem> = {}): InstanceItem => ({
  id: `web.instance-${id}`,
  service: "/web",
  condition: "Running",
  goal: "Running",
  isActive: true,
  hostname: "h1",
  ports: [],
  version: "1",
  ...more,
});

const reason = (code: Reason["code"], message: string): Reason => ({
  code,
  message,
  parameters: {},
  commands: [],
  nodes: [],
});

describe("a deployment as a tree", () => {
  it("has the sum with what is left, each step, and the instances of the one under way", () => {
    const tree = progressTree(
      context,
      {
        deployment: deployment({ step: 2, reason: reason("portsTaken", "port 80 is taken") }),
        instances: [instance("aaaaaaaa1", { healthy: false })],
      },
      10_000,
    );
    expect(tree).toEqual([
      "step 2/2, 1/4 instances as wished, 10s, about 30s left",
      "✓ step 1: start /web",
      "▸ step 2: scale /web 0→4",
      "    aaaaaaaa  Running, unhealthy  h1",
      "waiting: port 80 is taken",
    ]);
  });

  it("tells many instances by their number", () => {
    const many = Array.from({ length: 50 }, (_, index) => instance(`${index}`.padStart(8, "0")));
    const tree = progressTree(context, { deployment: deployment({ step: 2 }), instances: many }, 1_000);
    expect(tree).toContain("    42 more instances");
    expect(tree.length).toBeLessThan(15);
  });
});

describe("a deployment as lines", () => {
  it("tells each step and each change of an instance once", () => {
    const first = { deployment: deployment(), instances: [instance("old")] };
    expect(progressEvents(say, undefined, first)).toEqual(["step 1 of 2: start /web"]);
    const second = {
      deployment: deployment({ step: 2 }),
      instances: [instance("old"), instance("new", { condition: "Starting" })],
    };
    expect(progressEvents(say, first, second)).toEqual([
      "step 2 of 2: scale /web 0→4",
      "/web new: Starting on h1",
    ]);
    const third = {
      ...second,
      instances: [instance("old"), instance("new", { condition: "Failed", cause: "exit 1" })],
    };
    expect(progressEvents(say, second, third)).toEqual(["/web new: Failed on h1: exit 1"]);
    expect(progressEvents(say, third, third)).toEqual([]);
  });

  it("tells what it waits for when that changes, and not that it is under way", () => {
    const waiting = {
      deployment: deployment({ reason: reason("portsTaken", "port 80 is taken") }),
      instances: [],
    };
    const before = {
      deployment: deployment({ reason: reason("deploymentRunning", "1 of 4") }),
      instances: [],
    };
    expect(progressEvents(say, before, waiting)).toEqual(["waiting: port 80 is taken"]);
    expect(progressEvents(say, waiting, waiting)).toEqual([]);
    expect(progressEvents(say, waiting, before)).toEqual([]);
  });
});
