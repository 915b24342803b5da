/**
 * What a task's container may ask of the kernel: capabilities, and a profile of system calls.
 *
 * Source: Mesos LinuxInfo, isolators linux/capabilities and linux/seccomp; contract mesos.md section 6. What a task says
 * goes before what the agent was told; nothing goes beyond the agent's bound.
 */
import type { CapabilityInfo, LinuxInfo } from "#contracts/kernel/messages.gen.ts";
import type { ContainerConfinement } from "#kernel/containerizer/driver.ts";
import { apartProblem } from "./apart-settings.ts";
import type { AgentFacts, AgentPolicy } from "./policy.ts";

export interface LinuxContext {
  readonly facts: Pick<AgentFacts, "canSwitchUser" | "seccompDir">;
  readonly policy: Pick<AgentPolicy, "effectiveCapabilities" | "boundingCapabilities" | "seccompProfile">;
}

/** A sentence naming the field that stands in the way, or undefined. */
export function linuxProblem(linux: LinuxInfo, context: LinuxContext): string | undefined {
  return (
    apartProblem(linux, context.facts) ?? capabilityProblem(linux, context) ?? seccompProblem(linux, context)
  );
}

/** Of what the agent was told for every container. */
export function defaultsProblem({ facts, policy }: LinuxContext): string | undefined {
  const { effectiveCapabilities: effective, boundingCapabilities: bounding, seccompProfile } = policy;
  if ((effective !== undefined || bounding !== undefined) && !facts.canSwitchUser)
    return "capabilities can be given and taken by an agent that runs as root only";
  if (effective !== undefined && bounding !== undefined && !isWithin(effective, bounding))
    return "effective_capabilities: more than bounding_capabilities";
  if (seccompProfile !== undefined && facts.seccompDir === undefined)
    return "seccomp_profile_name: needs seccomp_config_dir, the folder that it is in";
  return undefined;
}

function capabilityProblem(linux: LinuxInfo, { facts, policy }: LinuxContext): string | undefined {
  const { capability_info: older, effective_capabilities: newer, bounding_capabilities: bound } = linux;
  if (older === undefined && newer === undefined && bound === undefined) return undefined;
  if (older !== undefined && newer !== undefined)
    return "capability_info: the older name of effective_capabilities, which is there too";
  if (!facts.canSwitchUser)
    return "effective_capabilities: an agent that does not run as root cannot give or take capabilities";
  const effective = namesOf(newer ?? older);
  const bounding = namesOf(bound);
  if ([...(effective ?? []), ...(bounding ?? [])].includes("UNKNOWN"))
    return "effective_capabilities: a capability that this agent does not know";
  const most = policy.boundingCapabilities;
  if (bounding !== undefined && most !== undefined && !isWithin(bounding, most))
    return `bounding_capabilities: this agent allows ${listed(most)} at most`;
  const bounds = bounding ?? most;
  if (effective !== undefined && bounds !== undefined && !isWithin(effective, bounds))
    return `effective_capabilities: ${listed(bounds)} at most are allowed`;
  return undefined;
}

function seccompProblem({ seccomp }: LinuxInfo, { facts }: LinuxContext): string | undefined {
  const { profile_name: name, unconfined } = seccomp ?? {};
  if (name === undefined) return undefined;
  if (unconfined === true) return "seccomp: unconfined, and yet with a profile";
  if (facts.seccompDir === undefined)
    return "seccomp.profile_name: this agent was given no folder of profiles (seccomp_config_dir)";
  if (!/^[A-Za-z0-9._-]{1,200}$/.test(name) || name.startsWith("."))
    return `seccomp.profile_name: ${JSON.stringify(name.slice(0, 200))} is no name of a file`;
  return undefined;
}

/** Of what was found to be without a problem. */
export function confinement(
  linux: LinuxInfo | undefined,
  { facts, policy }: LinuxContext,
): ContainerConfinement {
  const effective =
    namesOf(linux?.effective_capabilities ?? linux?.capability_info) ?? policy.effectiveCapabilities;
  const bounding = namesOf(linux?.bounding_capabilities) ?? policy.boundingCapabilities ?? effective;
  const profile =
    linux?.seccomp?.unconfined === true ? undefined : (linux?.seccomp?.profile_name ?? policy.seccompProfile);
  return {
    ...(effective === undefined ? {} : { effectiveCapabilities: effective }),
    ...(bounding === undefined ? {} : { boundingCapabilities: bounding }),
    ...(profile === undefined || facts.seccompDir === undefined
      ? {}
      : { seccompProfile: `${facts.seccompDir}/${profile}` }),
  };
}

const namesOf = (info: CapabilityInfo | undefined): readonly string[] | undefined =>
  info === undefined ? undefined : (info.capabilities ?? []);

const isWithin = (some: readonly string[], all: readonly string[]): boolean =>
  some.every((each) => all.includes(each));

const listed = (names: readonly string[]): string => (names.length === 0 ? "none" : names.join(", "));
