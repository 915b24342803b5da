/** A client of the agent's exec sockets, as a terminal program is one. */
import { WebSocket } from "ws";
import { execChannels } from "#contracts/kernel/agent-streams.ts";

const waitMs = 60_000;

export class ExecClient {
  readonly socket: WebSocket;
  stdout = "";
  stderr = "";
  // biome-ignore lint/suspicious/noExplicitAny: what a client gets is looked at by tests
  readonly controls: any[] = [];
  closed: { readonly code: number; readonly reason: string } | undefined;
  /** Of a refusal before the socket opened. */
  refused: { readonly status: number; readonly body: string } | undefined;
  readonly #waiting = new Set<() => void>();

  constructor(url: string, headers: Readonly<Record<string, string>> = {}) {
    this.socket = new WebSocket(url.replace(/^http/, "ws"), { headers });
    this.socket.on("message", (data: Buffer, isBinary) => {
      if (!isBinary) this.controls.push(JSON.parse(data.toString()));
      else if (data[0] === execChannels.stdout) this.stdout += data.subarray(1).toString();
      else this.stderr += data.subarray(1).toString();
      this.#look();
    });
    this.socket.on("unexpected-response", (_request, response) => {
      let body = "";
      response.on("data", (piece) => {
        body += piece;
      });
      response.on("end", () => {
        this.refused = { status: response.statusCode ?? 0, body };
        this.#look();
      });
    });
    this.socket.on("error", () => undefined);
    this.socket.on("close", (code, reason) => {
      this.closed = { code, reason: reason.toString() };
      this.#look();
    });
  }

  type(text: string | Buffer): void {
    this.socket.send(Buffer.concat([Buffer.from([execChannels.stdin]), Buffer.from(text)]));
  }

  control(control: object): void {
    this.socket.send(JSON.stringify(control));
  }

  until(what: string, look: () => boolean): Promise<void> {
    return new Promise((resolve, reject) => {
      const check = (): void => {
        if (!look()) return;
        clearTimeout(timer);
        this.#waiting.delete(check);
        resolve();
      };
      const timer = setTimeout(() => {
        const seen = { stdout: this.stdout.slice(-500), controls: this.controls, closed: this.closed };
        reject(new Error(`never came: ${what}; there was ${JSON.stringify(seen)}`));
      }, waitMs);
      this.#waiting.add(check);
      check();
    });
  }

  untilStarted(): Promise<void> {
    return this.until("the start", () => this.controls.some(({ started }) => started !== undefined));
  }

  async untilClosed(): Promise<unknown> {
    await this.until("the end", () => this.closed !== undefined);
    return this.controls.at(-1);
  }

  #look(): void {
    for (const check of [...this.#waiting]) check();
  }
}
