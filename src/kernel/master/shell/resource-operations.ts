/**
 * Reservations and volumes as operators order them: calls of the v1 API, and the forms of the v0 endpoints.
 * Source: contract mesos.md sections 3.2 and 3.5.
 */
import { decodeMessage, MessageInvalid } from "#contracts/kernel/json-codec.ts";
import type { MasterCall, OfferOperation, Resource } from "#contracts/kernel/messages.gen.ts";
import { CodedError } from "#foundation/base/errors.ts";
import {
  type Answer,
  empty,
  type HttpRequest,
  type Principal,
  parseJson,
  text,
} from "#foundation/http/index.ts";
import type { Reply } from "../core/index.ts";

/** Answers when the master has done it and ordered it of the agent, or why not. */
export type OperateOn = (agentId: string, operation: OfferOperation, principal: Principal) => Promise<Reply>;

interface Asked {
  readonly agentId: string;
  readonly operation: OfferOperation;
}

/** One of the six calls of the v1 API. */
export async function operate(call: MasterCall, operateOn: OperateOn, principal: Principal): Promise<Answer> {
  const asked = readCall(call);
  if (asked === undefined) return text(`Expecting '${call.type?.toLowerCase()}' to be present`, 400);
  if (asked.agentId === "")
    return text(`Expecting '${call.type?.toLowerCase()}.agent_id' to be present`, 400);
  return answerOf(await operateOn(asked.agentId, asked.operation, principal));
}

function readCall(call: MasterCall): Asked | undefined {
  const { reserve_resources: reserve, unreserve_resources: unreserve, create_volumes: create } = call;
  const { destroy_volumes: destroy, grow_volume: grow, shrink_volume: shrink } = call;
  const of = (
    body: { readonly agent_id?: { readonly value: string } },
    operation: OfferOperation,
  ): Asked => ({
    agentId: body.agent_id?.value ?? "",
    operation,
  });
  switch (call.type) {
    case "RESERVE_RESOURCES": {
      if (reserve === undefined) return undefined;
      const { source = [], resources = [] } = reserve;
      return of(reserve, { type: "RESERVE", reserve: { source, resources } });
    }
    case "UNRESERVE_RESOURCES":
      return (
        unreserve && of(unreserve, { type: "UNRESERVE", unreserve: { resources: unreserve.resources ?? [] } })
      );
    case "CREATE_VOLUMES":
      return create && of(create, { type: "CREATE", create: { volumes: create.volumes ?? [] } });
    case "DESTROY_VOLUMES":
      return destroy && of(destroy, { type: "DESTROY", destroy: { volumes: destroy.volumes ?? [] } });
    case "GROW_VOLUME":
      return (
        grow &&
        of(grow, { type: "GROW_VOLUME", grow_volume: { volume: grow.volume, addition: grow.addition } })
      );
    case "SHRINK_VOLUME":
      return (
        shrink &&
        of(shrink, {
          type: "SHRINK_VOLUME",
          shrink_volume: { volume: shrink.volume, subtract: shrink.subtract },
        })
      );
    default:
      return undefined;
  }
}

function answerOf({ problem, cause }: Reply): Answer {
  if (problem === undefined) return empty(202);
  return text(problem, cause === "conflict" ? 409 : cause === "forbidden" ? 403 : 400);
}

/** Name of each v0 endpoint, of the field that holds its resources, and what it asks for. */
const forms: readonly {
  readonly path: string;
  readonly field: "resources" | "volumes";
  readonly operation: (resources: readonly Resource[]) => OfferOperation;
}[] = [
  {
    path: "/reserve",
    field: "resources",
    operation: (resources) => ({ type: "RESERVE", reserve: { resources } }),
  },
  {
    path: "/unreserve",
    field: "resources",
    operation: (resources) => ({ type: "UNRESERVE", unreserve: { resources } }),
  },
  {
    path: "/create-volumes",
    field: "volumes",
    operation: (volumes) => ({ type: "CREATE", create: { volumes } }),
  },
  {
    path: "/destroy-volumes",
    field: "volumes",
    operation: (volumes) => ({ type: "DESTROY", destroy: { volumes } }),
  },
];

/** The handlers of the v0 endpoints, each of which takes a form. */
export function operationForms(
  operateOn: OperateOn,
): readonly { readonly path: string; readonly handler: (request: HttpRequest) => Promise<Answer> }[] {
  return forms.map(({ path, field, operation }) => ({
    path,
    handler: async ({ body, principal }) => {
      const form = new URLSearchParams(body.toString("utf8"));
      const agentId = form.get("slaveId");
      if (agentId === null) return text("Missing 'slaveId' query parameter in the request body", 400);
      const given = form.get(field);
      if (given === null) return text(`Missing '${field}' query parameter in the request body`, 400);
      const resources = readResources(given);
      if (typeof resources === "string")
        return text(`Error in parsing '${field}' query parameter in the request body: ${resources}`, 400);
      return answerOf(await operateOn(agentId, operation(resources), principal));
    },
  }));
}

/** A JSON array of resources, or a sentence that says what is wrong with it. */
function readResources(given: string): readonly Resource[] | string {
  try {
    const parsed = parseJson(Buffer.from(given));
    if (!Array.isArray(parsed)) return "it is not a JSON array";
    return (parsed as readonly unknown[]).map((each) => decodeMessage("Resource", each));
  } catch (error) {
    if (error instanceof MessageInvalid || error instanceof CodedError) return error.message;
    throw error;
  }
}
