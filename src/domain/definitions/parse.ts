/** From a request's body to canonical definitions: shape, older spellings, what can't be given, what makes sense. */
import { AppChangeInput, AppInput } from "#contracts/services/app.ts";
import { formatInstant, parseInstant } from "#foundation/base/iso-time.ts";
import type { AppDefinition } from "./app.ts";
import { withEnumCase } from "./enum-case.ts";
import { completeNetworks } from "./networks.ts";
import {
  type CanonicalChange,
  canonicalChange,
  completeApp,
  type NormalizeOptions,
  pathWithin,
} from "./normalize.ts";
import { ArgumentInvalid, DefinitionInvalid, ProblemList } from "./problems.ts";
import { checkAppShape } from "./shape.ts";
import { findUnsupported } from "./unsupported.ts";
import { validateApp } from "./validate.ts";

/** A whole app, for POST and for a replacing PUT. Throws what `problems.ts` lists. */
export function parseApp(given: unknown, options: NormalizeOptions): AppDefinition {
  const body = withEnumCase(AppInput, withoutNulls(given));
  refuseOtherKinds(body);
  checkAppShape(body, "required");
  const id = pathWithin(options.base ?? "/", body.id);
  return finish({ ...canonicalChange(body), id }, body, options);
}

/** A change of some fields: what is given replaces the whole field, what is not stays. */
export function parseChange(
  given: unknown,
  current: AppDefinition | undefined,
  id: string,
  options: NormalizeOptions,
): AppDefinition {
  const body = withEnumCase(AppChangeInput, withoutNulls(given));
  checkAppShape(body, "optional");
  const change = canonicalChange(body);
  const base: CanonicalChange = current === undefined ? {} : asChange(current);
  return finish({ ...keptPorts(base, change), ...change, id }, body, options);
}

/** The version to go back to, if that is what the body asks for. It must be all it asks for. */
export function rollbackVersion(body: unknown): string | undefined {
  if (typeof body !== "object" || body === null || !("version" in body)) return undefined;
  const { version } = body;
  if (typeof version !== "string") return undefined;
  const others = Object.keys(body).filter((key) => key !== "version" && key !== "id");
  if (others.length > 0)
    throw new DefinitionInvalid([
      { path: "/version", errors: ["The 'version' field may only be combined with the 'id' field."] },
    ]);
  return instantOf(version);
}

/** A timestamp in UTC with milliseconds. Throws `ArgumentInvalid`. */
export function instantOf(text: string): string {
  const instant = parseInstant(text);
  if (instant === undefined) throw new ArgumentInvalid(notAnInstant(text));
  return formatInstant(instant);
}

const notAnInstant = (text: string): string => `"${text}" is not a timestamp`;

function finish(
  change: CanonicalChange & { readonly id: string },
  body: AppChangeInput,
  options: NormalizeOptions,
): AppDefinition {
  const problems = new ProblemList();
  findUnsupported(body, problems);
  if (body.version !== undefined && parseInstant(body.version) === undefined)
    problems.add("/version", notAnInstant(body.version));
  const app = completeApp(change, options);
  validateApp(app, problems, {
    ...options,
    hasImage: body.container?.docker?.image !== undefined,
  });
  if (!problems.isEmpty) throw new DefinitionInvalid(problems.toDetails());
  return app;
}

/** A stored definition as the change that would make it; the older spellings of a partial update then work on it. */
function asChange(app: AppDefinition): CanonicalChange {
  const { version: _version, versionInfo: _versionInfo, ...rest } = app;
  // Canonical fields are a subset of what a body may say; only readonly markers differ.
  return rest as unknown as CanonicalChange;
}

/** Ports of the agent's network are none of a container's network, nor the other way round. */
function keptPorts(base: CanonicalChange, { networks }: CanonicalChange): CanonicalChange {
  if (networks === undefined) return base;
  const { portDefinitions: _ports, container, ...rest } = base;
  const wasHost = completeNetworks(base.networks).every(({ mode }) => mode === "host");
  const isHost = completeNetworks(networks).every(({ mode }) => mode === "host");
  if (wasHost === isHost) return base;
  if (container === undefined) return rest;
  const { portMappings: _mappings, ...others } = container;
  return { ...rest, container: others };
}

/** A field that is null is one that was not given. */
export function withoutNulls(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutNulls);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, item]) => item !== null)
      .map(([key, item]) => [key, withoutNulls(item)]),
  );
}

/** Whether a body is meant to be a group: only a group has apps or groups. */
export function isGroupBody(body: unknown): boolean {
  return typeof body === "object" && body !== null && ("apps" in body || "groups" in body);
}

/** Pods and groups look almost like apps: told by what only they have. */
function refuseOtherKinds(body: unknown): void {
  if (typeof body !== "object" || body === null) return;
  if ("containers" in body) {
    throw new DefinitionInvalid([
      { path: "/containers", errors: ["this is a pod, not an app: it goes to /v2/pods"] },
    ]);
  }
  if (isGroupBody(body)) {
    throw new DefinitionInvalid([
      {
        path: "apps" in body ? "/apps" : "/groups",
        errors: ["this is a group, not an app: it goes to /v2/groups"],
      },
    ]);
  }
}
