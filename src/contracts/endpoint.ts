/**
 * How an API of ours is declared: once, with everything that is derived from it — route, validation, OpenAPI, typed client.
 */

import type { ErrorCode } from "./errors.ts";
import type { Static, TSchema } from "./schema.ts";

export interface Endpoint<
  Params extends TSchema = TSchema,
  Query extends TSchema = TSchema,
  Body extends TSchema = TSchema,
  Reply extends TSchema = TSchema,
> {
  readonly method: "GET" | "POST" | "PUT" | "DELETE";
  /** Below `/keelson/v1`; `{id}` is one segment, `{id...}` may hold slashes. */
  readonly path: string;
  /** One sentence for people. */
  readonly summary: string;
  readonly params: Params;
  readonly query: Query;
  /** Absent for methods without one. */
  readonly body?: Body;
  readonly reply: Reply;
  readonly errors: readonly ErrorCode[];
  /** Who may call it; an endpoint without one can't be declared. */
  readonly permission: {
    readonly resource: string;
    readonly action: "view" | "create" | "update" | "delete";
  };
}

export function defineEndpoint<
  Params extends TSchema,
  Query extends TSchema,
  Body extends TSchema,
  Reply extends TSchema,
>(endpoint: Endpoint<Params, Query, Body, Reply>): Endpoint<Params, Query, Body, Reply> {
  return endpoint;
}

export type ParamsOf<E> =
  E extends Endpoint<infer Params, TSchema, TSchema, TSchema> ? Static<Params> : never;
export type QueryOf<E> = E extends Endpoint<TSchema, infer Query, TSchema, TSchema> ? Static<Query> : never;
export type BodyOf<E> = E extends Endpoint<TSchema, TSchema, infer Body, TSchema> ? Static<Body> : never;
export type ReplyOf<E> = E extends Endpoint<TSchema, TSchema, TSchema, infer Reply> ? Static<Reply> : never;
