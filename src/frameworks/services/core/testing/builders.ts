/** Valid wholes for tests; a test states only what differs. */
import type { AppDefinition } from "#domain/definitions/app.ts";
import { defaultServicesPolicy, type ServicesPolicy } from "../policy.ts";

export function anApp(fields: Partial<AppDefinition> = {}): AppDefinition {
  return {
    id: "/web",
    cmd: "serve",
    env: {},
    instances: 1,
    cpus: 1,
    mem: 128,
    disk: 0,
    gpus: 0,
    executor: "",
    constraints: [],
    fetch: [],
    networks: [{ mode: "host" }],
    portDefinitions: [{ port: 0, protocol: "tcp", name: "default", labels: {} }],
    requirePorts: false,
    healthChecks: [],
    backoffSeconds: 1,
    backoffFactor: 1.15,
    maxLaunchDelaySeconds: 300,
    upgradeStrategy: { minimumHealthCapacity: 1, maximumOverCapacity: 1 },
    dependencies: [],
    labels: {},
    killSelection: "YOUNGEST_FIRST",
    unreachableStrategy: { inactiveAfterSeconds: 0, expungeAfterSeconds: 0 },
    role: "*",
    ...fields,
  };
}

export function aPolicy(fields: Partial<ServicesPolicy> = {}): ServicesPolicy {
  return { ...defaultServicesPolicy, ...fields };
}
