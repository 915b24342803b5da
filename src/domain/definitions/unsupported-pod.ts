/** What a pod may ask for and this version can't give: refused with the field, never dropped silently. */
import type { PodInput } from "#contracts/services/pod.ts";
import { notBuiltYet, type ProblemList } from "./problems.ts";

type Refuse = (path: string, what: string) => void;

/** Adds a problem for every such field. */
export function findUnsupportedInPod(pod: PodInput, problems: ProblemList): void {
  const refuse: Refuse = (path, what) => problems.add(path, `${what} ${notBuiltYet}`);
  if (pod.linuxInfo !== undefined) refuse("/linuxInfo", "a Linux setting of a pod");
  if (pod.legacySharedCgroups === true) refuse("/legacySharedCgroups", "a cgroup of the older kind");
  for (const [index, { mode }] of (pod.networks ?? []).entries()) {
    if (mode !== "host") refuse(`/networks(${index})/mode`, `a ${mode ?? "container"} network`);
  }
  for (const [index, volume] of (pod.volumes ?? []).entries()) {
    for (const kind of ["host", "persistent"] as const) {
      if (volume[kind] !== undefined) refuse(`/volumes(${index})/${kind}`, `a ${kind} volume`);
    }
  }
  const secret = new Set(
    (pod.volumes ?? []).flatMap((volume) => (volume.secret === undefined ? [] : [volume.name])),
  );
  for (const [index, container] of pod.containers.entries()) {
    containerProblems(container, `/containers(${index})`, secret, refuse);
  }
}

function containerProblems(
  container: PodInput["containers"][number],
  where: string,
  /** Names of volumes that nobody can write to anyway. */
  secret: ReadonlySet<string>,
  refuse: Refuse,
): void {
  for (const [index, { name, readOnly }] of (container.volumeMounts ?? []).entries()) {
    if (readOnly === true && !secret.has(name))
      refuse(`${where}/volumeMounts(${index})/readOnly`, "a read-only mount");
  }
  if (container.tty === true) refuse(`${where}/tty`, "a terminal");
  if (container.linuxInfo !== undefined) refuse(`${where}/linuxInfo`, "a Linux setting of a container");
  if ((container.resources.gpus ?? 0) > 0) refuse(`${where}/resources/gpus`, "a GPU");
}
