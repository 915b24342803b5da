/** What a pod may ask for and this version can't give: refused with the field, never dropped silently. */
import type { PodInput } from "#contracts/services/pod.ts";
import { notBuiltYet, type ProblemList } from "./problems.ts";

type Refuse = (path: string, what: string) => void;

/** Adds a problem for every such field. */
export function findUnsupportedInPod(pod: PodInput, problems: ProblemList): void {
  const refuse: Refuse = (path, what) => problems.add(path, `${what} ${notBuiltYet}`);
  if (pod.linuxInfo !== undefined) refuse("/linuxInfo", "a Linux setting of a pod");
  if (pod.legacySharedCgroups === true) refuse("/legacySharedCgroups", "a cgroup of the older kind");
  for (const [index, volume] of (pod.volumes ?? []).entries()) {
    if (volume.persistent !== undefined) refuse(`/volumes(${index})/persistent`, "a persistent volume");
  }
  for (const [index, container] of pod.containers.entries()) {
    containerProblems(container, `/containers(${index})`, refuse);
  }
}

function containerProblems(container: PodInput["containers"][number], where: string, refuse: Refuse): void {
  if (container.tty === true) refuse(`${where}/tty`, "a terminal");
  if (container.linuxInfo !== undefined) refuse(`${where}/linuxInfo`, "a Linux setting of a container");
  if ((container.resources.gpus ?? 0) > 0 && container.image !== undefined)
    refuse(`${where}/resources/gpus`, "a GPU beside an image");
}
