/** How many requests were answered, by status and by what answered: `/nginx/status` and `/nginx/metrics`. */

export class Traffic {
  readonly #counts = new Map<string, number>();
  #total = 0;

  /** `backend` is one of a few names of ours, never something from a request. */
  count(backend: string, status: number): void {
    this.#total += 1;
    const key = `backend="${backend}",status="${status}"`;
    this.#counts.set(key, (this.#counts.get(key) ?? 0) + 1);
  }

  prometheus(open: { readonly connections: number; readonly streams: number }): string {
    return [
      "# HELP door_requests_total Requests answered, by what answered and status.",
      "# TYPE door_requests_total counter",
      ...[...this.#counts].map(([labels, count]) => `door_requests_total{${labels}} ${count}`),
      "# HELP door_connections Open connections of clients.",
      "# TYPE door_connections gauge",
      `door_connections ${open.connections}`,
      "# HELP door_open_streams Requests and tunnels that stay open.",
      "# TYPE door_open_streams gauge",
      `door_open_streams ${open.streams}`,
      "",
    ].join("\n");
  }

  html({ connections, streams }: { readonly connections: number; readonly streams: number }): string {
    return `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Traffic</title></head><body><p>Active connections: ${connections}</p><p>Open streams: ${streams}</p><p>Requests answered: ${this.#total}</p></body></html>\n`;
  }
}
