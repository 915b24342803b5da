/** Rules of an app's container. Source: contract marathon.md sections 3.1 and 5. */
import { parameterProblem, parametersProblem } from "../launches/docker-parameters.ts";
import { isHostPath, noHostPath } from "../launches/images.ts";
import type { AppDefinition } from "./app.ts";
import { validateLinuxInfo } from "./linux-info.ts";
import type { ProblemList } from "./problems.ts";

export function validateContainer({ container, check, gpus }: AppDefinition, problems: ProblemList): void {
  if (container === undefined) return;
  const { type, docker, linuxInfo, volumes } = container;
  if (type === "DOCKER" && gpus > 0) problems.add("/gpus", "is for containers of type MESOS");
  if (linuxInfo !== undefined) {
    if (type === "DOCKER") problems.add("/container/linuxInfo", "is for containers of type MESOS");
    validateLinuxInfo(linuxInfo, "/container/linuxInfo", problems);
  }
  if (docker !== undefined) {
    const at = "/container/docker";
    if (docker.image === "") problems.add(`${at}/image`, "must not be empty");
    if (type === "DOCKER" && docker.pullConfig !== undefined)
      problems.add(`${at}/pullConfig`, "is for containers of type MESOS");
    if (type === "DOCKER" && check !== undefined)
      problems.add("/check", "cannot be given together with a container of type DOCKER");
    if (type === "MESOS" && docker.privileged)
      problems.add(`${at}/privileged`, "is for containers of type DOCKER");
    if (type === "MESOS" && docker.parameters.length > 0)
      problems.add(`${at}/parameters`, "is for containers of type DOCKER");
    for (const [index, parameter] of docker.parameters.entries()) {
      const problem = parameterProblem(parameter);
      if (problem !== undefined) problems.add(`${at}/parameters(${index})/value`, problem);
    }
    const together = parametersProblem(docker.parameters);
    if (together !== undefined) problems.add(`${at}/parameters(${together.index})/value`, together.problem);
  }
  for (const [index, volume] of volumes.entries()) {
    if (!("hostPath" in volume)) continue;
    const { hostPath, containerPath } = volume;
    const where = `/container/volumes(${index})`;
    if (!isHostPath(hostPath)) problems.add(`${where}/hostPath`, noHostPath);
    if (containerPath === "") problems.add(`${where}/containerPath`, "must not be empty");
    if (containerPath.split("/").includes(".."))
      problems.add(`${where}/containerPath`, "must be an absolute path");
  }
}
