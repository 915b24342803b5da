/** What a definition may ask for and this version can't give: refused with the field, never dropped silently. */
import type { AppChangeInput } from "#contracts/services/app.ts";
import { isKnownParameter } from "../launches/docker-parameters.ts";
import { notBuiltYet, type ProblemList } from "./problems.ts";

/** Adds a problem for every such field. */
export function findUnsupported(input: AppChangeInput, problems: ProblemList): void {
  const refuse = (path: string, what: string): void => problems.add(path, `${what} ${notBuiltYet}`);
  containerProblems(input, { problems, refuse });
}

type Refuse = (path: string, what: string) => void;

function containerProblems(
  { container }: AppChangeInput,
  { problems, refuse }: { readonly problems: ProblemList; readonly refuse: Refuse },
): void {
  if (container === undefined) return;
  if (container.docker?.credential !== undefined)
    problems.add("/container/docker/credential", "never worked: say pullConfig");
  const hasImage = container.docker?.image !== undefined;
  if (!hasImage && (container.docker !== undefined || container.type === "DOCKER"))
    problems.add("/container/docker/image", "must not be empty");
  for (const [index, { key }] of (container.docker?.parameters ?? []).entries())
    if (!isKnownParameter(key)) refuse(`/container/docker/parameters(${index})/key`, `a parameter ${key}`);
  for (const [index, volume] of (container.volumes ?? []).entries())
    volumeProblems(volume, `/container/volumes(${index})`, { problems, refuse, hasImage });
}

function volumeProblems(
  volume: NonNullable<NonNullable<AppChangeInput["container"]>["volumes"]>[number],
  path: string,
  {
    problems,
    refuse,
    hasImage,
  }: { readonly problems: ProblemList; readonly refuse: Refuse; readonly hasImage: boolean },
): void {
  const { persistent, secret, hostPath, external } = volume;
  if (persistent !== undefined && volume.mode === "RO")
    problems.add(`${path}/mode`, "must be RW for a persistent volume");
  if (external?.provider === "csi" && external.options?.capability?.accessType === "block")
    refuse(`${path}/external/options/capability/accessType`, "a volume as a raw device");
  if (persistent !== undefined || hostPath !== undefined || external !== undefined) return;
  if (secret === undefined) refuse(`${path}/hostPath`, "a volume of that kind");
  else if (!hasImage && volume.containerPath?.startsWith("/") === true)
    refuse(`${path}/containerPath`, "a secret outside the sandbox");
}
