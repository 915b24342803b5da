/**
 * The resource ids that something of this cluster asks for, so that a slip in one can be told before it is granted.
 * Source: DC/OS permission model, contract platform.md section 2.3.
 */
import { covers, superuserResource } from "../permissions/index.ts";
import { authorizationActions } from "./actions.ts";

const door = [
  "acs",
  "backup",
  "cluster",
  "keelson",
  "licensing",
  "ops:audit",
  "ops:ca:ro",
  "ops:cockroachdb",
  "ops:dcos-ui-update-service",
  "ops:events",
  "ops:exhibitor",
  "ops:historyservice",
  "ops:mesos",
  "ops:mesos-dns",
  "ops:metadata",
  "ops:networking",
  "ops:slave",
  "ops:system-health",
  "ops:system-logs",
  "ops:system-metrics",
  "package",
  "service",
  "service:marathon",
  "service:metronome",
  "system:agent",
  "system:leader:marathon",
  "system:leader:mesos",
];

/** Sorted. Of what is asked with something behind it (a service's path, a role) what stands before that. */
export const knownResources: readonly string[] = [
  ...new Set([
    superuserResource,
    "dcos:secrets:default:",
    "dcos:secrets:list:default:/",
    "dcos:service:marathon:marathon:admin:config",
    "dcos:service:marathon:marathon:admin:events",
    "dcos:service:marathon:marathon:services:/",
    "dcos:service:metronome:metronome:jobs",
    ...door.map((resource) => `dcos:adminrouter:${resource}`),
    ...Object.values(authorizationActions).map(({ resource }) => `dcos:mesos:${resource}`),
  ]),
].sort();

/** Whether anything asks for it, for a part of it, or for what it is a part of. */
export const isKnownResource = (rid: string): boolean =>
  knownResources.some((known) => covers(known, rid) || covers(rid, known));
