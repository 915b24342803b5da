/** Declared endpoints on a server, and their OpenAPI document. */
import { Ajv, type ValidateFunction } from "ajv";
import type { BodyOf, Endpoint, ParamsOf, QueryOf, ReplyOf } from "#contracts/endpoint.ts";
import { type ErrorCode, errorStatus } from "#contracts/errors.ts";
import type { TSchema } from "#contracts/schema.ts";
import { CodedError } from "#foundation/base/errors.ts";
import { json } from "./answer.ts";
import { parseJson } from "./bounded-json.ts";
import { matchPath, endpointPrefix as prefix, specificity } from "./endpoint-paths.ts";
import type { Principal } from "./guard.ts";
import type { HttpRequest, HttpServer } from "./server.ts";

export interface EndpointInput<E> {
  readonly params: ParamsOf<E>;
  readonly query: QueryOf<E>;
  readonly body: BodyOf<E>;
  readonly request: HttpRequest;
}

interface Served {
  readonly endpoint: Endpoint;
  readonly handle: (request: HttpRequest, params: Readonly<Record<string, string>>) => Promise<unknown>;
}

interface Checks {
  readonly checkParams: ValidateFunction;
  readonly checkQuery: ValidateFunction;
  readonly checkBody: ValidateFunction | undefined;
}

/** Schemas are our own: that they are schemas is a test's to say, not every start's. */
const ownSchemas = { allErrors: true, strict: false, meta: false, validateSchema: false };

/** Collects endpoints, then serves them all on one wildcard route with their OpenAPI document. */
export class EndpointSet {
  readonly #title: string;
  readonly #judge: (endpoint: Endpoint, principal: Principal) => void;
  readonly #served: Served[] = [];
  // Validation never changes a body: nothing is coerced, dropped or filled in.
  readonly #ajv = new Ajv({
    ...ownSchemas,
    coerceTypes: false,
    removeAdditional: false,
    useDefaults: false,
  });
  readonly #queryAjv = new Ajv({ ...ownSchemas, coerceTypes: true });

  /** `judge` throws `Forbidden` for who may not call an endpoint. */
  constructor(title: string, judge: (endpoint: Endpoint, principal: Principal) => void = () => undefined) {
    this.#title = title;
    this.#judge = judge;
  }

  add<E extends Endpoint>(
    endpoint: E,
    handler: (input: EndpointInput<E>) => ReplyOf<E> | Promise<ReplyOf<E>>,
  ): this {
    let checks: Checks | undefined;
    this.#served.push({
      endpoint,
      handle: async (request, params) => {
        this.#judge(endpoint, request.principal);
        checks ??= this.#compile(endpoint);
        const { checkParams, checkQuery, checkBody } = checks;
        const query: Record<string, unknown> = Object.fromEntries(request.query);
        demand(checkParams, params, "path");
        demand(checkQuery, query, "query");
        const body = checkBody === undefined ? undefined : parseJson(request.body);
        if (checkBody !== undefined) demand(checkBody, body, "body");
        // Checked above against the schemas these types come from.
        return handler({ params, query, body, request } as unknown as EndpointInput<E>);
      },
    });
    return this;
  }

  /** On the first request: most endpoints of most processes never get one. */
  #compile({ params, query, body }: Endpoint): Checks {
    return {
      checkParams: this.#ajv.compile(params),
      // A query is text: numbers and booleans in it are read, which a body's never are.
      checkQuery: this.#queryAjv.compile(query),
      checkBody: body === undefined ? undefined : this.#ajv.compile(body),
    };
  }

  serveOn(server: Pick<HttpServer, "route">): void {
    const ordered = [...this.#served].sort(
      (one, other) => specificity(other.endpoint.path) - specificity(one.endpoint.path),
    );
    server.route({
      method: "GET",
      path: `${prefix}/openapi.json`,
      handler: () =>
        json(
          openApi(
            this.#title,
            this.#served.map(({ endpoint }) => endpoint),
          ),
        ),
    });
    server.route({
      method: ["GET", "POST", "PUT", "DELETE"],
      path: `${prefix}/*`,
      handler: async (request) => {
        const path = request.path.slice(prefix.length);
        for (const { endpoint, handle } of ordered) {
          const params = endpoint.method === request.method ? matchPath(endpoint.path, path) : undefined;
          if (params !== undefined) return json(await handle(request, params));
        }
        throw new CodedError<ErrorCode>(
          "NotFound",
          `there is nothing at ${request.path.slice(0, 300)}; ${prefix}/openapi.json lists what is`,
        );
      },
    });
  }
}

function demand(check: ValidateFunction, value: unknown, where: string): void {
  if (check(value)) return;
  const details = (check.errors ?? []).map(({ instancePath, message }) => ({
    path: `${where}${instancePath}`,
    problem: message ?? "",
  }));
  const first = details[0];
  throw new CodedError<ErrorCode>("Invalid", `${first?.path ?? where} ${first?.problem ?? "is not valid"}`, {
    details,
  });
}

/** OpenAPI 3.1 of declared endpoints. */
export function openApi(title: string, endpoints: readonly Endpoint[]): object {
  const paths: Record<string, Record<string, object>> = {};
  for (const endpoint of endpoints) {
    const path = `${prefix}${endpoint.path.replace("...}", "}")}`;
    const item = paths[path] ?? {};
    paths[path] = item;
    item[endpoint.method.toLowerCase()] = operation(endpoint);
  }
  return { openapi: "3.1.0", info: { title, version: "1" }, paths };
}

function operation({ summary, params, query, body, reply, errors, permission }: Endpoint): object {
  const fields = (schema: TSchema, place: "path" | "query"): object[] =>
    Object.entries((schema as { readonly properties?: Record<string, object> }).properties ?? {}).map(
      ([name, each]) => ({
        name,
        in: place,
        required:
          place === "path" ||
          ((schema as { readonly required?: readonly string[] }).required ?? []).includes(name),
        schema: each,
      }),
    );
  const failures = errors.map((code) => [String(errorStatus[code]), { description: code }]);
  return {
    summary,
    "x-permission": permission,
    parameters: [...fields(params, "path"), ...fields(query, "query")],
    ...(body === undefined
      ? {}
      : { requestBody: { required: true, content: { "application/json": { schema: body } } } }),
    responses: {
      "200": { description: "OK", content: { "application/json": { schema: reply } } },
      ...Object.fromEntries(failures),
    },
  };
}
