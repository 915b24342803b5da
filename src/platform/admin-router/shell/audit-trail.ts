/** `GET /keelson/v1/audit` over all daemons, and the door's own word about calls to those that keep no trail. */
import type { AuditRecord } from "#contracts/observe/audit.ts";
import type { AuditEntry } from "#foundation/audit/index.ts";
import { isJsonObject, type JsonObject } from "#foundation/base/json.ts";
import type { HttpClient } from "#foundation/http/index.ts";
import type { Logger } from "#foundation/telemetry/index.ts";

export interface AuditTrailOptions {
  readonly client: HttpClient;
  /** Daemons that keep a trail of their own. */
  readonly sources: readonly string[];
  readonly iamUrl: string;
  readonly headersFor: (user: string) => Readonly<Record<string, string>>;
  readonly log: Logger;
}

export interface AuditPage {
  readonly items: readonly AuditRecord[];
  readonly total: number;
  readonly droppedBefore?: number;
}

const callTimeoutMs = 10_000;
/** Of one source, in one question. */
const pageMax = 1_000;
/** Records that can be paged through: further back, a filter finds them. */
const windowMax = 10_000;
const limitDefault = 100;

export class AuditTrail {
  readonly #options: AuditTrailOptions;

  constructor(options: AuditTrailOptions) {
    this.#options = options;
  }

  /** What the door saw is kept by the identity service, in this process' one trail. Failures are logged. */
  tell(entry: AuditEntry, source: "kernel" | "agent"): void {
    const { client, iamUrl, headersFor, log } = this.#options;
    client
      .send(
        {
          method: "POST",
          url: `${iamUrl}/acs/api/v1/internal/audit`,
          headers: { ...headersFor(entry.user), "content-type": "application/json" },
          body: JSON.stringify({ ...entry, source }),
        },
        callTimeoutMs,
      )
      .then(({ status }) => {
        if (status !== 204) log.error("door.auditNotKept", { status, action: entry.action });
      })
      .catch((error: unknown) => log.error("door.auditNotKept", { error: String(error) }));
  }

  /** Newest first. A source that does not answer is left out, and named in `unreachable`. */
  async list(query: URLSearchParams, user: string): Promise<AuditPage & { unreachable: readonly string[] }> {
    const offset = Math.min(Number(query.get("offset") ?? 0), windowMax);
    const limit = Number(query.get("limit") ?? limitDefault);
    const wanted = offset + limit;
    const unreachable: string[] = [];
    const pages = await Promise.all(
      this.#options.sources.map(async (source) => {
        try {
          return await this.#read(source, query, wanted, user);
        } catch (error) {
          unreachable.push(source);
          this.#options.log.warn("door.auditNotRead", { source, error: String(error) });
          return { items: [], total: 0 };
        }
      }),
    );
    const items = pages
      .flatMap((page) => page.items)
      .sort((one, other) => other.at - one.at || (one.id < other.id ? 1 : -1))
      .slice(offset, wanted);
    const dropped = pages.flatMap(({ droppedBefore }) =>
      droppedBefore === undefined ? [] : [droppedBefore],
    );
    return {
      items,
      total: pages.reduce((sum, { total }) => sum + total, 0),
      ...(dropped.length === 0 ? {} : { droppedBefore: Math.max(...dropped) }),
      unreachable,
    };
  }

  async #read(source: string, query: URLSearchParams, wanted: number, user: string): Promise<AuditPage> {
    const items: AuditRecord[] = [];
    for (;;) {
      const page = await this.#page(
        source,
        query,
        { offset: items.length, limit: Math.min(pageMax, wanted - items.length) },
        user,
      );
      items.push(...page.items);
      if (items.length >= wanted || page.items.length === 0 || items.length >= page.total)
        return { ...page, items };
    }
  }

  async #page(
    source: string,
    query: URLSearchParams,
    { offset, limit }: { readonly offset: number; readonly limit: number },
    user: string,
  ): Promise<AuditPage> {
    const asked = new URLSearchParams({ offset: String(offset), limit: String(limit) });
    for (const name of ["filter", "object", "user"]) {
      const value = query.get(name);
      if (value !== null) asked.set(name, value);
    }
    const { status, body } = await this.#options.client.send(
      { method: "GET", url: `${source}/keelson/v1/audit?${asked}`, headers: this.#options.headersFor(user) },
      callTimeoutMs,
    );
    const answer: unknown = JSON.parse(body.toString("utf8"));
    if (status === 200 && isJsonObject(answer)) return answer as JsonObject as unknown as AuditPage;
    throw new Error(`${source} answered ${status}`);
  }
}
