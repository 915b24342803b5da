/** What a pod may ask for and this version can't give: refused with the field, never dropped silently. */
import type { PodInput } from "#contracts/services/pod.ts";
import { notBuiltYet, type ProblemList } from "./problems.ts";

type Refuse = (path: string, what: string) => void;

/** Adds a problem for every such field. */
export function findUnsupportedInPod(pod: PodInput, problems: ProblemList): void {
  const refuse: Refuse = (path, what) => problems.add(path, `${what} ${notBuiltYet}`);
  if (pod.linuxInfo?.seccomp !== undefined) refuse("/linuxInfo/seccomp", "a profile of a whole pod");
  if (pod.legacySharedCgroups === true) refuse("/legacySharedCgroups", "a cgroup of the older kind");
}
