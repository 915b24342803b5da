/** What principals may do, as the identity service says it; asked again while somebody is interested. */
import { isJsonObject } from "#foundation/base/json.ts";
import type { HttpClient } from "#foundation/http/index.ts";
import { remember } from "./token-verifier.ts";

/** As the identity service tells it. */
export interface ToldGrant {
  readonly rid: string;
  readonly actions: readonly string[];
}

export interface GrantsTableOptions {
  readonly client: HttpClient;
  readonly iamUrl: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly now: () => number;
}

interface Known {
  readonly at: number;
  readonly grants: readonly ToldGrant[];
}

/** Source: contract platform.md section 1.6, result cache of the policy query. */
const freshMs = 5_000;
/** While the identity service is away, what it said last goes on for so long. */
const graceMs = 75_000;
const namesMax = 10_000;
const callTimeoutMs = 5_000;

export class GrantsTable {
  readonly #options: GrantsTableOptions;
  readonly #known = new Map<string, Known>();
  readonly #asking = new Map<string, Promise<void>>();

  constructor(options: GrantsTableOptions) {
    this.#options = options;
  }

  /** Resolves when what is known of somebody is fresh, or can't be had. */
  async prepare(name: string): Promise<void> {
    const age = this.#options.now() - (this.#known.get(name)?.at ?? Number.NEGATIVE_INFINITY);
    if (age < freshMs) return;
    const asking = this.#asking.get(name) ?? this.#ask(name);
    this.#asking.set(name, asking);
    await asking;
  }

  /** Nothing for who is not known. What has aged is asked for again meanwhile. */
  grantsOf(name: string): readonly ToldGrant[] {
    const known = this.#known.get(name);
    if (known === undefined) return [];
    const age = this.#options.now() - known.at;
    if (age >= freshMs) void this.prepare(name);
    return age < graceMs ? known.grants : [];
  }

  async #ask(name: string): Promise<void> {
    const { client, iamUrl, headers, now } = this.#options;
    try {
      const { status, body } = await client.send(
        {
          method: "GET",
          url: `${iamUrl}/acs/api/v1/internal/grants?${new URLSearchParams({ uid: name })}`,
          headers,
        },
        callTimeoutMs,
      );
      const parsed: unknown = status === 200 ? JSON.parse(body.toString("utf8")) : {};
      const grants = isJsonObject(parsed) ? parsed["grants"] : undefined;
      if (status === 200 || status === 400)
        remember(
          this.#known,
          name,
          { at: now(), grants: (grants ?? []) as unknown as readonly ToldGrant[] },
          namesMax,
        );
    } catch {
      // What was said last goes on for a while.
    } finally {
      this.#asking.delete(name);
    }
  }
}
