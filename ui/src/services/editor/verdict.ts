/** Whether a change went wrong, or will hardly end well by itself. */
import type { DeploymentItem } from "#contracts/services/own-endpoints.ts";
import { endCauses, type ReasonCode } from "#contracts/services/reasons.ts";
import type { Why } from "../service-queries.ts";

/** What a person has to do something about. The others pass. */
const wrong: ReadonlySet<ReasonCode> = new Set<ReasonCode>([
  "noAgents",
  "insufficientResources",
  "largerThanAnyNode",
  "constraintUnsatisfied",
  "constraintNotSatisfiable",
  "roleMissing",
  "portsTaken",
  "gpusMissing",
  "disksMissing",
  "nodesSetAside",
  "backoff",
  ...endCauses,
  "unhealthy",
]);

export function isGoingWrong(deployment: DeploymentItem | undefined, why: Why | undefined): boolean {
  if (deployment?.state === "failed") return true;
  // A deployment without health checks succeeds as soon as tasks run, and what they do then is told by the reasons.
  return (
    deployment?.state !== "cancelled" &&
    why?.isAsWished === false &&
    why.reasons.some(({ code }) => wrong.has(code))
  );
}
