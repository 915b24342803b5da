/** What the routes of the store of secrets work with. */
import type { OpenedAccess } from "#foundation/access/index.ts";
import type { HttpRequest } from "#foundation/http/index.ts";
import type { SecretResult, SecretsCore, SecretsEvent } from "../core/secrets-core.ts";
import type { Seal } from "./seal.ts";

type WithoutRequest<Event> = Event extends unknown ? Omit<Event, "request"> : never;

export interface SecretsContext {
  readonly core: SecretsCore;
  readonly seal: Seal;
  readonly grantsOf: OpenedAccess["grantsOf"];
  readonly now: () => number;
  /** Resolves when what it changed is durable. */
  ask(event: WithoutRequest<SecretsEvent>): Promise<SecretResult>;
  /** Durable before the answer leaves; no values are told. */
  audit(request: HttpRequest, action: string, path: string, status: number): Promise<void>;
}
