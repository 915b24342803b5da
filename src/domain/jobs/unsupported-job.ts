/** What a job may ask for and this version can't give: refused with the field, never dropped silently. */
import { notBuiltYet, type ProblemList } from "../definitions/problems.ts";
import type { JobDefinition } from "./job.ts";

/** Adds a problem for every such field. */
export function findUnsupportedInJob({ run }: JobDefinition, problems: ProblemList): void {
  const refuse = (path: string, what: string): void => problems.add(path, `${what} ${notBuiltYet}`);
  if (run.docker !== undefined) refuse("/run/docker", "a Docker container");
  if (run.ucr !== undefined) refuse("/run/ucr", "an image");
  if (run.gpus > 0) refuse("/run/gpus", "a GPU");
  for (const [index, volume] of run.volumes.entries())
    if (!("secret" in volume)) refuse(`/run/volumes(${index})/hostPath`, "a volume of the host");
  for (const [index, { mode }] of run.networks.entries())
    if (mode !== "host") refuse(`/run/networks(${index})/mode`, `a ${mode} network`);
}
