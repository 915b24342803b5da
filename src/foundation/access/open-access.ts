/** What a daemon is told about who may call it, made into what its server asks. */
import { type Demand, identityHeaders } from "#contracts/identity.ts";
import type { JsonValue } from "#foundation/base/json.ts";
import { type Access, createHttpClient, type Guard } from "#foundation/http/index.ts";
import { parseCredentials } from "./credentials.ts";
import { GrantsTable, type ToldGrant } from "./grants-table.ts";
import { createGuard, type ExecutorOf } from "./guard.ts";
import { TokenVerifier } from "./token-verifier.ts";

export interface SecurityOptions {
  /** Mesos' access control lists, as JSON. Default: everybody may everything. */
  readonly acls?: JsonValue;
  /** `{"credentials": [{"principal", "secret"}]}` */
  readonly credentials?: JsonValue;
  /** Who must say who they are. Default: nobody. */
  readonly authenticate?: readonly Demand[];
  /** Without lists: only what the identity service granted is allowed (`dcos:mesos:…`). */
  readonly strict?: boolean;
  /** Where tokens are verified and grants are asked for. */
  readonly iamUrl?: string;
  /** Accounts of this machine that need no proof; undefined: all. */
  readonly trustedAccounts?: readonly number[];
}

export interface OpenedAccess {
  readonly guard: Guard;
  grantsOf(name: string): readonly ToldGrant[];
  close(): Promise<void>;
}

const accessOf: Readonly<Record<Demand, Access>> = {
  readonly: "read",
  readwrite: "write",
  frameworks: "scheduler",
  agents: "agent",
  executors: "executor",
};

/** Throws `CredentialsInvalid`. */
export function openAccess(
  options: SecurityOptions,
  {
    realm,
    doorSecret,
    executorOf,
    now,
    holdsToGrants = false,
  }: {
    readonly realm: string;
    readonly doorSecret: string | undefined;
    readonly executorOf?: ExecutorOf;
    readonly now: () => number;
    /** Grants decide also without `strict`. */
    readonly holdsToGrants?: boolean;
  },
): OpenedAccess {
  const { credentials, authenticate = [], strict = false, iamUrl, trustedAccounts } = options;
  const client = createHttpClient();
  const headers = doorSecret === undefined ? {} : { [identityHeaders.door]: doorSecret };
  const grants = iamUrl === undefined ? undefined : new GrantsTable({ client, iamUrl, headers, now });
  const guard = createGuard({
    realm,
    doorSecret,
    required: new Set(authenticate.map((demand) => accessOf[demand])),
    ...(credentials === undefined ? {} : { credentials: parseCredentials(credentials) }),
    ...(iamUrl === undefined ? {} : { verifier: new TokenVerifier({ client, iamUrl, now }) }),
    ...(executorOf === undefined ? {} : { executorOf }),
    ...(trustedAccounts === undefined ? {} : { trustedAccounts: new Set(trustedAccounts) }),
    ...((strict || holdsToGrants) && grants !== undefined ? { prepare: (name) => grants.prepare(name) } : {}),
  });
  return { guard, grantsOf: (name) => grants?.grantsOf(name) ?? [], close: () => client.close() };
}
