/** What the store of secrets is started with. */
import type { SecurityOptions } from "#foundation/access/index.ts";
import type { Logger } from "#foundation/telemetry/index.ts";

export interface SecretsEnvironment {
  readonly host: string;
  /** 0 lets the system choose. */
  readonly port: number;
  /** The sealed secrets, the key they are sealed with, the audit log. */
  readonly dataDir: string;
  /** Shared with the door: who brings it is believed about who asks, and is a daemon if it asks for itself. */
  readonly doorSecret: string;
  /** Where tokens are verified and grants are asked for. */
  readonly security: SecurityOptions;
  readonly log?: Logger;
}
