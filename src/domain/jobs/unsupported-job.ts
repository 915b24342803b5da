/** What a job may ask for and this version can't give: refused with the field, never dropped silently. */

import { notBuiltYet, type ProblemList } from "../definitions/problems.ts";
import { isKnownParameter } from "../launches/docker-parameters.ts";
import type { JobDefinition } from "./job.ts";

/** Adds a problem for every such field. */
export function findUnsupportedInJob({ run }: JobDefinition, problems: ProblemList): void {
  const refuse = (path: string, what: string): void => problems.add(path, `${what} ${notBuiltYet}`);
  for (const [index, { key }] of (run.docker?.parameters ?? []).entries())
    if (!isKnownParameter(key)) refuse(`/run/docker/parameters(${index})/key`, `a parameter ${key}`);
  if (run.ucr?.image.kind === "appc") refuse("/run/ucr/image/kind", "an image of appc");
  if (run.ucr?.privileged === true)
    refuse("/run/ucr/privileged", "all rights of the host for a Mesos container");
}
