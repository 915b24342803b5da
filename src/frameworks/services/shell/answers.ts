/** Core results and failures as Marathon's answers. Source: contract marathon.md section 1.1. */
import { STATUS_CODES } from "node:http";
import {
  ArgumentInvalid,
  BodyMalformed,
  DefinitionInvalid,
  RequestInvalid,
  ShapeInvalid,
} from "#domain/definitions/index.ts";
import { assertNever } from "#foundation/base/assert.ts";
import { CodedError, errorMessage } from "#foundation/base/errors.ts";
import { type Failure, json, type PlainAnswer, parseJson } from "#foundation/http/index.ts";
import { type Refusal, type RequestResult, reasonOf } from "../core/index.ts";

/** A refusal of the core, on its way to the answer. */
export class RequestRefused extends Error {
  override readonly name = "RequestRefused";
  readonly refusal: Refusal;
  constructor(refusal: Refusal) {
    super(refusal.code);
    this.refusal = refusal;
  }
}

export const message = (text: string, status: number): PlainAnswer => json({ message: text }, status);
/** What the server itself does not serve, by the name of its status; `details` is ours. */
export const failure = (status: number, details: string): PlainAnswer =>
  json({ message: STATUS_CODES[status] ?? String(status), details }, status);
const unknown =
  (what: string) =>
  (id: string, version?: string): PlainAnswer =>
    message(`${what} '${id}' does not exist${version === undefined ? "" : ` in version ${version}`}`, 404);
export const groupUnknown = unknown("Group");
export const podUnknown = unknown("Pod");
export const appUnknown = unknown("App");

/** The version to go back to isn't there. */
export class AppVersionUnknown extends Error {
  override readonly name = "AppVersionUnknown";
  readonly appId: string;
  readonly version: string;
  constructor(appId: string, version: string) {
    super(`${appId} has no version ${version}`);
    this.appId = appId;
    this.version = version;
  }
}

/** The body as JSON. Throws `BodyMalformed`. */
export function readBody(body: Buffer): unknown {
  if (body.length === 0) throw new BodyMalformed("Please specify data in JSON format", "the body is empty");
  try {
    return parseJson(body);
  } catch (error) {
    throw new BodyMalformed("Invalid JSON", errorMessage(error));
  }
}

/** The answer for anything thrown that is the client's to mend; undefined for what is ours. */
export function answerFor(error: unknown): PlainAnswer | undefined {
  if (error instanceof RequestRefused) return refusalAnswer(error.refusal);
  if (error instanceof BodyMalformed) return json({ message: error.message, details: error.details }, 400);
  if (error instanceof ShapeInvalid || error instanceof DefinitionInvalid) {
    return json({ message: error.message, details: error.details }, 422);
  }
  if (error instanceof AppVersionUnknown) return appUnknown(error.appId, error.version);
  if (error instanceof ArgumentInvalid) return message(error.message, 422);
  if (error instanceof RequestInvalid) return message(error.message, 400);
  if (error instanceof CodedError && error.code === "Overloaded") return message(error.message, 503);
  return undefined;
}

function refusalAnswer(refusal: Refusal): PlainAnswer {
  switch (refusal.code) {
    case "AppExists":
      return message(`${refusal.isPod ? "A pod" : "An app"} with id [${refusal.appId}] already exists.`, 409);
    case "AppUnknown":
      return appUnknown(refusal.appId);
    case "GroupUnknown":
      return groupUnknown(refusal.groupId);
    case "GroupExists":
      return message(`Group ${refusal.groupId} is already created. Use PUT to change this group.`, 409);
    case "PathTaken":
      return message(`An app with the path ${refusal.path} already exists.`, 409);
    case "GroupVersionUnknown":
      return message(
        `Group ${refusal.groupId} has no version ${refusal.version}; GET /v2/groups${refusal.groupId === "/" ? "" : refusal.groupId}/versions lists those kept`,
        422,
      );
    case "PathUnknown":
      return message(`Path '${refusal.path}' does not exist`, 404);
    case "Locked": {
      const text = `${refusal.appIds.join(", ")} ${refusal.appIds.length === 1 ? "is" : "are"} locked by a running deployment; wait for it, cancel it (DELETE /v2/deployments/<id>), or use force=true to replace it`;
      const deployments = refusal.holders.map(({ deploymentId }) => ({ id: deploymentId }));
      // Ours, beside what is Marathon's: who deploys what since when.
      return json({ message: text, deployments, lockedBy: refusal.holders }, 409);
    }
    case "TooManyDeployments":
      return message(
        `${refusal.max} deployments are running, which is the most allowed; try again later`,
        403,
      );
    case "TooManyApps":
      return message(`there are ${refusal.max} apps, which is the most allowed`, 403);
    case "BasisMoved":
      return message(reasonOf(refusal), 409);
    case "VersionUnknown":
      return message(reasonOf(refusal), 404);
    case "DeploymentUnknown":
      return message(`DeploymentPlan ${refusal.deploymentId} does not exist`, 404);
    case "NotQueued":
      return message(`Application ${refusal.appId} not found in tasks queue.`, 404);
    case "ServicePortsExhausted":
      return message(`no service port from ${refusal.min} to ${refusal.max} is left`, 500);
    case "Invalid":
      return json({ message: "Object is not valid", details: refusal.details }, 422);
    default:
      return assertNever(refusal);
  }
}

export type Deployed = Extract<RequestResult, { kind: "deployed" }>;

/** `{"version", "deploymentId"}` with the header that names the deployment. */
export function deploymentAnswer({ version, deploymentId }: Deployed, status = 200): PlainAnswer {
  return json({ version, deploymentId }, status, deploymentHeader(deploymentId));
}

export const deploymentHeader = (id: string): Readonly<Record<string, string>> => ({
  "marathon-deployment-id": id,
});

/** Failures of the server itself, such as unknown routes and bodies that are too large. */
export function shapeFailure({ status, message: text, code }: Failure): PlainAnswer {
  if (code === "MethodNotAllowed" || code === "UnsupportedMediaType") return failure(status, text);
  return message(code === "NotFound" ? "URI not found" : text, status);
}
