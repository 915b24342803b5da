import { describe, expect, it } from "vitest";
import type { ServiceItem } from "#contracts/services/own-endpoints.ts";
import type { Reason } from "#contracts/services/reasons.ts";
import { type Attention, needsAttention } from "./attention.ts";

const aService = (id: string, status: ServiceItem["status"]): ServiceItem => ({
  id,
  status,
  instances: { wanted: 1, running: 0, staged: 0, healthy: 0, unhealthy: 0 },
  cpus: 1,
  mem: 64,
  disk: 0,
  gpus: 0,
  version: "",
  labels: {},
  deployments: [],
  addresses: [],
});
const reason: Reason = {
  code: "deploymentWaitsForHealth",
  parameters: {},
  message: "waits",
  commands: [],
  nodes: [],
};
const aDeployment = { id: "d", services: ["/new"], step: 1, steps: [], done: 0, wanted: 1, reason };
const namesOf = (items: readonly Attention[]): string[] =>
  items.map((item) =>
    item.kind === "service"
      ? item.service.id
      : item.kind === "node"
        ? item.node.hostname
        : item.deployment.id,
  );
const node = {
  id: "a",
  hostname: "n1",
  url: "",
  standing: "inService",
  isPublic: false,
  attributes: {},
  total: { cpus: 1, mem: 1, disk: 1, gpus: 0 },
  used: { cpus: 0, mem: 0, disk: 0, gpus: 0 },
  offered: { cpus: 0, mem: 0, disk: 0, gpus: 0 },
  tasks: 0,
  registeredAt: 0,
  version: "",
} as const;

describe("what needs attention", () => {
  it("puts what fails before what is lost, and that before what waits", () => {
    const found = needsAttention(
      {
        services: [
          aService("/waits", "waiting"),
          aService("/sick", "unhealthy"),
          aService("/fails", "failing"),
        ],
        nodes: [{ ...node, state: "unreachable" }],
        deployments: [],
      },
      0,
    );
    expect(namesOf(found)).toEqual(["/fails", "/sick", "n1", "/waits"]);
  });

  it("leaves out what is as wished, changing or stopped", () => {
    const services = (["running", "deploying", "stopped"] as const).map((status) =>
      aService(`/${status}`, status),
    );
    expect(needsAttention({ services, nodes: [{ ...node, state: "active" }], deployments: [] }, 0)).toEqual(
      [],
    );
  });

  it("names a deployment when it waits long and its service does not say so already", () => {
    const deployments = [{ ...aDeployment, state: "running" as const, startedAt: 0 }];
    const at = (now: number, services: ServiceItem[]) =>
      namesOf(needsAttention({ services, nodes: [], deployments }, now));
    expect(at(60_000, [])).toEqual([]);
    expect(at(600_000, [])).toEqual(["d"]);
    expect(at(600_000, [aService("/new", "waiting")])).toEqual(["/new"]);
  });
});
