/**
 * What a server of the kernel or of Services asks before it lets a request in. Source: Mesos HTTP authentication,
 * contract mesos.md section 7; design of safety for what is on this machine.
 */
import type { IncomingHttpHeaders, IncomingMessage } from "node:http";
import type { Socket } from "node:net";
import { identityHeaders } from "#contracts/identity.ts";
import {
  type Access,
  anonymous,
  type ExecutorClaims,
  type Guard,
  isFromDoor,
  type PlainAnswer,
  type Principal,
  text,
} from "#foundation/http/index.ts";
import { basicOf, type Credential, isCredential } from "./credentials.ts";
import { type PeerAccount, peerAccount } from "./peer-account.ts";
import { bearerOf, type TokenVerifier } from "./token-verifier.ts";

/** What an `Authorization` header proves of an executor. */
export type ExecutorOf = (authorization: string | undefined) => ExecutorClaims | undefined;

export interface GuardOptions {
  /** First part of the realm: `mesos-master` or `mesos-agent`. */
  readonly realm: string;
  readonly doorSecret: string | undefined;
  readonly credentials?: readonly Credential[];
  /** What wants a principal; the rest takes everybody, and knows those who say who they are. */
  readonly required?: ReadonlySet<Access>;
  readonly verifier?: TokenVerifier;
  /** Reads the tokens that an agent makes for its executors. */
  readonly executorOf?: ExecutorOf;
  /**
   * The accounts whose connections over loopback are taken without proof; of others proof is wanted. Undefined:
   * everybody's, as where tasks share the cluster's own account.
   */
  readonly trustedAccounts?: ReadonlySet<number>;
  /** Resolves when what a principal may do is known. */
  readonly prepare?: (name: string) => Promise<void>;
  readonly accountOf?: (socket: Socket) => PeerAccount;
}

const realmSuffix: Readonly<Record<Access, string>> = {
  open: "readonly",
  read: "readonly",
  write: "readwrite",
  scheduler: "scheduler",
  executor: "executor",
  agent: "agent",
};

type Identified = Principal | "invalid";

export function createGuard(options: GuardOptions): Guard {
  const secrets = new Map((options.credentials ?? []).map(({ principal, secret }) => [principal, secret]));
  const trusted = new WeakMap<Socket, boolean>();
  const { required = new Set<Access>(), trustedAccounts, accountOf = peerAccount, prepare } = options;

  const isTrusted = (request: IncomingMessage): boolean => {
    if (trustedAccounts === undefined) return true;
    const known = trusted.get(request.socket);
    if (known !== undefined) return known;
    const account = accountOf(request.socket);
    const answer =
      account.kind === "elsewhere" || (account.kind === "account" && trustedAccounts.has(account.uid));
    trusted.set(request.socket, answer);
    return answer;
  };

  return async (request, access) => {
    if (access === "open") return { kind: "admitted", principal: anonymous };
    const identified = await identify(request.headers, access, options, secrets);
    const isDemanded = required.has(access);
    // Where nobody has to say who they are, a header that is not for us is none of our business.
    const principal = identified === "invalid" ? anonymous : identified;
    if (principal.kind === "named") await prepare?.(principal.name);
    if (principal.kind !== "anonymous") return { kind: "admitted", principal };
    if (isDemanded) return { kind: "refused", answer: wantsPrincipal(options.realm, access) };
    // An executor runs as its task's user; where that must not do, tokens are demanded of executors.
    if (access === "executor" || isTrusted(request)) return { kind: "admitted", principal };
    return { kind: "refused", answer: wantsProof(options.realm, access) };
  };
}

async function identify(
  headers: IncomingHttpHeaders,
  access: Access,
  { doorSecret, verifier, executorOf }: GuardOptions,
  secrets: ReadonlyMap<string, string>,
): Promise<Identified> {
  if (isFromDoor(headers, doorSecret)) {
    const user = headers[identityHeaders.user];
    return typeof user === "string" && user !== "" ? { kind: "named", name: user } : { kind: "internal" };
  }
  const basic = basicOf(headers.authorization);
  if (basic !== undefined)
    return isCredential(secrets, basic) ? { kind: "named", name: basic.principal } : "invalid";
  const token = bearerOf(headers.authorization);
  if (token === undefined) return headers.authorization === undefined ? anonymous : "invalid";
  const claims = executorOf?.(headers.authorization);
  if (claims !== undefined) return { kind: "executor", claims };
  if (access === "executor") return "invalid";
  const verified = await verifier?.verify(token);
  return verified === undefined ? "invalid" : { kind: "named", name: verified.uid };
}

const challenge = (realm: string, access: Access): Readonly<Record<string, string>> => ({
  "www-authenticate":
    access === "executor"
      ? `Bearer realm="${realm}-${realmSuffix[access]}"`
      : `Basic realm="${realm}-${realmSuffix[access]}"`,
});

const wantsPrincipal = (realm: string, access: Access): PlainAnswer =>
  text("Who asks is wanted: a credential, or a token of this cluster", 401, challenge(realm, access));

const wantsProof = (realm: string, access: Access): PlainAnswer =>
  text(
    "This connection is of another account than the cluster's own: bring a credential, or a token of this cluster",
    401,
    challenge(realm, access),
  );
