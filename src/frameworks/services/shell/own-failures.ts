/** Refusals of the core and faults of definitions, as our own API tells them. Source: contracts/errors.ts. */
import type { ErrorCode } from "#contracts/errors.ts";
import {
  ArgumentInvalid,
  BodyMalformed,
  DefinitionInvalid,
  RequestInvalid,
  ShapeInvalid,
} from "#domain/definitions/index.ts";
import { CodedError } from "#foundation/base/errors.ts";
import { type Refusal, reasonOf } from "../core/index.ts";
import { RequestRefused } from "./answers.ts";

const codes: Readonly<Record<Refusal["code"], ErrorCode>> = {
  AppExists: "Conflict",
  AppUnknown: "NotFound",
  GroupExists: "Conflict",
  PathTaken: "Conflict",
  GroupUnknown: "NotFound",
  GroupVersionUnknown: "NotFound",
  PathUnknown: "NotFound",
  Locked: "Conflict",
  BasisMoved: "Conflict",
  VersionUnknown: "NotFound",
  TooManyDeployments: "TooManyRequests",
  TooManyApps: "TooManyRequests",
  DeploymentUnknown: "NotFound",
  NotQueued: "NotFound",
  ServicePortsExhausted: "Conflict",
  Invalid: "Invalid",
};

/** With who holds what, so that a client can say whom to wait for. */
export function refusalError(refusal: Refusal): CodedError {
  const code = codes[refusal.code];
  if (refusal.code === "Invalid") {
    return new CodedError(code, reasonOf(refusal), { details: refusal.details });
  }
  if (refusal.code === "BasisMoved") {
    return new CodedError(code, `${reasonOf(refusal)}; plan again, then apply`, {
      details: { lockedBy: [] },
    });
  }
  if (refusal.code !== "Locked") return new CodedError(code, reasonOf(refusal));
  const text = `${reasonOf(refusal)}; wait for it, cancel it, or replace it with force`;
  return new CodedError(code, text, { details: { lockedBy: refusal.holders } });
}

/** Throws what a client can act on; anything else as it is. */
export function rethrow(error: unknown): never {
  if (error instanceof RequestRefused) throw refusalError(error.refusal);
  if (error instanceof ShapeInvalid || error instanceof DefinitionInvalid || error instanceof BodyMalformed) {
    const { details } = error;
    const first = Array.isArray(details) ? details[0] : undefined;
    const text = first === undefined ? error.message : `${first.path}: ${first.errors.join("; ")}`;
    throw new CodedError<ErrorCode>("Invalid", text, { details });
  }
  if (error instanceof ArgumentInvalid || error instanceof RequestInvalid) {
    throw new CodedError<ErrorCode>("Invalid", error.message);
  }
  throw error;
}
