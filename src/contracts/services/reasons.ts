/**
 * Why something is not as wished: computed in the cores of Services and Jobs, told the same way by API, CLI and console.
 * Codes are stable; `reasons.<code>` in the message catalogue is the sentence, `reasons.<code>.remedy` what to do.
 */
import { type Static, Type } from "../schema.ts";

/** Causes for which an instance could not begin, or ended by a fault. */
export const endCauses = [
  "commandNotFound",
  "exitedAtOnce",
  "killedBySignal",
  "outOfMemory",
  "fetchFailed",
  "userUnknown",
  "imageMissing",
  "imageDenied",
  "imageUnreachable",
  "imageToolsMissing",
  "networkUnknown",
  "networkPluginMissing",
  "networkFailed",
  "volumePluginMissing",
  "volumeFailed",
  "launchRefused",
] as const;

export const reasonCodes = [
  // Nothing of ours can be placed.
  "kernelUnreachable",
  "noAgents",
  "noOffersYet",
  "offersSuppressed",
  // Placing.
  "insufficientResources",
  "largerThanAnyNode",
  "constraintUnsatisfied",
  "constraintNotSatisfiable",
  "roleMissing",
  "roleRefused",
  "quotaLimited",
  "volumesAway",
  "volumesLost",
  "portsTaken",
  "gpusMissing",
  "disksMissing",
  "nodesSetAside",
  "launching",
  "startingImage",
  "pullingImage",
  "waitsItsTurn",
  // Starting and failing.
  "backoff",
  ...endCauses,
  "stagingLong",
  // Running, not well.
  "unhealthy",
  "healthKillsLimited",
  "healthUnknown",
  "notReady",
  "agentUnreachable",
  "unreachableReplaced",
  // Changing.
  "deploymentRunning",
  "deploymentWaitsForHealth",
  "deploymentWaitsForReadiness",
  "deploymentWaitsForPlace",
  "dependencyNotReady",
  "deploymentCancelled",
  "killing",
  "killed",
  "nodeDraining",
  "nodeGone",
  "stopped",
  "finished",
  // Jobs and their runs.
  "jobScheduled",
  "scheduleDisabled",
  "scheduleOver",
  "waitsForJobs",
  "waitsForRun",
  "startedByHand",
  "runFailed",
  "runStopped",
  "startingDeadlinePassed",
  // As wished.
  "asWished",
] as const;

export const ReasonCode = Type.Enum([...reasonCodes]);
export type ReasonCode = Static<typeof ReasonCode>;

const Quantity = Type.Object({
  /** cpus, mem (MiB), disk (MiB), gpus, ports. */
  name: Type.String(),
  wanted: Type.Number(),
  free: Type.Number(),
  missing: Type.Number(),
});

/** One node, by name, and everything that keeps the thing from it. */
export const NodeVerdict = Type.Object({
  agentId: Type.String(),
  hostname: Type.String(),
  /** What people call it: its host name, with the end of its id where another agent has the same host. */
  name: Type.String(),
  short: Type.Array(Quantity),
  /** Other causes: the constraint as written, the role, the port; `message` is the sentence in the language asked for. */
  causes: Type.Array(Type.Object({ code: ReasonCode, detail: Type.String(), message: Type.String() })),
  /** ms UTC of the offer this was judged by. */
  at: Type.Integer(),
});
export type NodeVerdict = Static<typeof NodeVerdict>;

export const Reason = Type.Object({
  code: ReasonCode,
  /** Of the sentence. */
  parameters: Type.Record(Type.String(), Type.Union([Type.String(), Type.Number()])),
  /** The sentence, in the language asked for. */
  message: Type.String(),
  /** What to do about it, when something can be done. */
  remedy: Type.Optional(Type.String()),
  /** Commands that help, without the program's name: `service logs /web --stderr`. */
  commands: Type.Array(Type.String()),
  /** ms UTC since when this holds. */
  since: Type.Optional(Type.Integer()),
  /** ms UTC of the next try, when there is one. */
  nextTryAt: Type.Optional(Type.Integer()),
  nodes: Type.Array(NodeVerdict),
});
export type Reason = Static<typeof Reason>;
