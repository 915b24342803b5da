/**
 * What the caller of the present request may see and change, by the permissions of the identity service. Callers
 * without a name are daemons, or outsiders on loopback, and may everything; so does who holds the cluster's secret on
 * its machine, whose name is no user's of the identity service.
 */
import { AsyncLocalStorage } from "node:async_hooks";
import { identityHeaders } from "#contracts/identity.ts";
import {
  type Action,
  allows,
  type Grant,
  isSuperuser,
  missingPermission,
} from "#domain/permissions/index.ts";
import { CodedError } from "#foundation/base/errors.ts";
import {
  type HttpRequest,
  type HttpServer,
  isFromDoor,
  nameOf,
  routeThrough,
} from "#foundation/http/index.ts";

interface Sight {
  readonly name: string;
  readonly may: (resource: string, action: Action) => boolean;
}

const sights = new AsyncLocalStorage<Sight | undefined>();

/** Whether the caller is held to anything: if not, nothing needs to be filtered. */
export const isRestricted = (): boolean => sights.getStore() !== undefined;

export function mayDo(resource: string, action: Action): boolean {
  const sight = sights.getStore();
  return sight === undefined || sight.may(resource, action);
}

/** Who changed what is told to those who may see it at the door. Throws `Forbidden`. */
export const demandAudit = (): void => demand("dcos:adminrouter:ops:audit", "read");

/** What happens is told to those who may read it at the door. Throws `Forbidden`. */
export const demandEvents = (): void => demand("dcos:adminrouter:ops:events", "read");

/** Throws `Forbidden`. */
export function demand(resource: string, action: Action): void {
  demandOf(sights.getStore(), resource, action);
}

function demandOf(sight: Sight | undefined, resource: string, action: Action): void {
  if (sight !== undefined && !sight.may(resource, action))
    throw new CodedError("Forbidden", missingPermission(sight.name, resource, action));
}

/** Routes that belong to the whole scheduler, with what they demand. */
export interface Whole {
  readonly path: RegExp;
  readonly resource: string;
  readonly action: Action;
}

type GrantsOf = (name: string) => readonly { readonly rid: string; readonly actions: readonly string[] }[];

/** The server, whose handlers know what their caller may. Without an identity service nobody is held to anything. */
export function sighted(
  server: HttpServer,
  options: {
    readonly grantsOf: GrantsOf | undefined;
    readonly doorSecret: string | undefined;
    readonly wholes?: readonly Whole[];
  },
): HttpServer {
  const { grantsOf, doorSecret, wholes = [] } = options;
  if (grantsOf === undefined) return server;
  const sightOf = ({ principal, headers }: HttpRequest): Sight | undefined => {
    const name = nameOf(principal);
    // The door alone says from where somebody asks.
    const isOperator = headers[identityHeaders.from] === undefined && isFromDoor(headers, doorSecret);
    if (name === undefined || isOperator) return undefined;
    const grants = grantsOf(name) as readonly Grant[];
    return isSuperuser(grants)
      ? undefined
      : { name, may: (resource, action) => allows(grants, resource, action) };
  };
  return routeThrough(server, (route) => {
    // By the route: a path can be written in several ways.
    const whole = wholes.find(({ path }) => path.test(route.path));
    server.route({
      ...route,
      handler: (request) => {
        const sight = sightOf(request);
        if (whole !== undefined) demandOf(sight, whole.resource, whole.action);
        return sights.run(sight, async () => route.handler(request));
      },
    });
  });
}
