/** What is allowed and seldom meant: told beside the errors, never a refusal. */

import type { MessageParameters } from "#contracts/messages/messages.ts";
import type { AppChangeInput } from "#contracts/services/app.ts";

export interface Remark {
  readonly path: string;
  /** `lint.<code>` is the sentence in the catalogue. */
  readonly code: string;
  readonly severity: "warning" | "hint";
  readonly parameters: MessageParameters;
}

type Say = (severity: Remark["severity"], path: string, code: string, parameters?: MessageParameters) => void;

/** Labels that name who answers for a service. */
const ownerLabels = new Set(["owner", "team", "maintainer", "contact"]);

/** Remarks on an app of the right shape. */
export function lintApp(app: AppChangeInput): readonly Remark[] {
  const remarks: Remark[] = [];
  const say: Say = (severity, path, code, parameters = {}) =>
    remarks.push({ severity, path, code, parameters });
  lintOldSpellings(app, say);
  lintHealth(app, say);
  lintUpdates(app, say);
  lintResources(app, say);
  const image = app.container?.docker?.image;
  if (image !== undefined && !image.includes("@") && /^[^:]*$|:latest$/.test(image.split("/").at(-1) ?? ""))
    say("warning", "/container/docker/image", "latestTag", { image });
  if (!Object.keys(app.labels ?? {}).some((name) => ownerLabels.has(name.toLowerCase())))
    say("hint", "/labels", "noOwner");
  return remarks;
}

function lintOldSpellings(app: AppChangeInput, say: Say): void {
  if (app.uris !== undefined) say("warning", "/uris", "oldSpelling", { old: "uris", present: "fetch" });
  if (app.ports !== undefined)
    say("warning", "/ports", "oldSpelling", { old: "ports", present: "portDefinitions" });
  if (app.ipAddress !== undefined)
    say("warning", "/ipAddress", "oldSpelling", { old: "ipAddress", present: "networks" });
  if (app.container?.docker?.network !== undefined) {
    const parameters = { old: "container.docker.network", present: "networks" };
    say("warning", "/container/docker/network", "oldSpelling", parameters);
  }
}

function lintHealth(app: AppChangeInput, say: Say): void {
  const hasPorts = (app.portDefinitions ?? app.ports ?? []).length > 0;
  if ((app.healthChecks ?? []).length === 0)
    say(hasPorts ? "warning" : "hint", "/healthChecks", "noHealthCheck");
  for (const [index, check] of (app.healthChecks ?? []).entries()) {
    const path = `/healthChecks(${index})`;
    const { timeoutSeconds = 20, intervalSeconds = 60 } = check;
    if (timeoutSeconds > intervalSeconds)
      say("warning", `${path}/timeoutSeconds`, "timeoutAboveInterval", { timeoutSeconds, intervalSeconds });
    if (check.gracePeriodSeconds === 0) say("warning", `${path}/gracePeriodSeconds`, "noGrace");
  }
}

function lintUpdates(app: AppChangeInput, say: Say): void {
  const { instances = 1, upgradeStrategy } = app;
  const { minimumHealthCapacity = 1, maximumOverCapacity = 1 } = upgradeStrategy ?? {};
  if (app.labels?.["MARATHON_SINGLE_INSTANCE_APP"] === "true") return;
  if (instances === 1 && minimumHealthCapacity === 1)
    say("hint", upgradeStrategy === undefined ? "/instances" : "/upgradeStrategy", "oneInstance");
  const isAlone =
    app.requirePorts === true ||
    (app.constraints ?? []).some(([field, operator]) => field === "hostname" && operator === "UNIQUE");
  if (isAlone && minimumHealthCapacity === 1 && maximumOverCapacity > 0 && instances > 0)
    say("warning", "/upgradeStrategy", "noRoomForUpdate");
  const { backoffSeconds = 1, maxLaunchDelaySeconds = 300 } = app;
  if (backoffSeconds > maxLaunchDelaySeconds)
    say("warning", "/backoffSeconds", "backoffAboveMaximum", { backoffSeconds, maxLaunchDelaySeconds });
}

function lintResources(app: AppChangeInput, say: Say): void {
  if (app.cpus === undefined) say("hint", "/cpus", "defaultResource", { field: "cpus", value: "1" });
  if (app.mem === undefined) say("hint", "/mem", "defaultResource", { field: "mem", value: "128 MiB" });
  else if (app.mem > 0 && app.mem < 4) say("warning", "/mem", "tinyMemory", { mem: app.mem });
}
