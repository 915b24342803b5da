/** The agent's connection to the master: opens, sends, closes as the core says. */
import { linkPath, linkProtocol, type MasterToAgent } from "#contracts/link/messages.ts";
import { errorMessage } from "#foundation/base/errors.ts";
import { isJsonObject, type JsonValue } from "#foundation/base/json.ts";
import type { LeaderAddress } from "#foundation/election/index.ts";
import { type FramedLink, openFramedLink, type TlsIdentity } from "#foundation/http/index.ts";
import type { Logger } from "#foundation/telemetry/index.ts";
import type { AgentEvent } from "../core/events.ts";

export interface MasterLinkOptions {
  readonly master: LeaderAddress;
  /** By which the master knows this agent. */
  readonly headers: Readonly<Record<string, string>>;
  /** Of a master that speaks https. */
  readonly tls?: TlsIdentity;
  readonly dispatch: (event: AgentEvent) => void;
  readonly log: Logger;
}

const masterKinds: ReadonlySet<string> = new Set<MasterToAgent["kind"]>([
  "hello",
  "registered",
  "reregistered",
  "refused",
  "ping",
  "runTask",
  "runGroup",
  "frameworkMessage",
  "shutdownExecutor",
  "killTask",
  "acknowledge",
  "updateFramework",
  "shutdownFramework",
  "drainAgent",
  "applyOperation",
  "acknowledgeOperation",
  "shutdownAgent",
]);

export class MasterLink {
  readonly #options: MasterLinkOptions;
  readonly #links = new Map<number, FramedLink>();
  readonly #opening = new Map<number, { abort(): void }>();
  /** Wanted while no master leads. */
  #waiting: number | undefined;
  #closed = false;

  constructor(options: MasterLinkOptions) {
    this.#options = options;
    options.master.onMoved((url) => {
      options.log.info("master.moved", { url });
      if (this.#closed) return;
      const waiting = this.#waiting;
      this.#waiting = undefined;
      if (waiting === undefined) options.dispatch({ kind: "masterMoved" });
      else this.open(waiting);
    });
  }

  open(link: number): void {
    if (this.#closed) return;
    const { master, headers, tls, dispatch } = this.#options;
    const masterUrl = master.url();
    if (masterUrl === undefined) {
      this.#waiting = link;
      return;
    }
    const attempt = openFramedLink(
      {
        url: `${masterUrl}${linkPath}`,
        protocol: linkProtocol,
        headers,
        ...(tls === undefined ? {} : { tls }),
      },
      (opened) => {
        this.#opening.delete(link);
        this.#links.set(link, opened);
        // The link wants its handlers before anything is sent on it.
        queueMicrotask(() => dispatch({ kind: "linkOpened", link }));
        return {
          onFrame: (document) => this.#receive(link, document),
          onClose: (reason) => {
            this.#links.delete(link);
            if (!this.#closed) dispatch({ kind: "linkClosed", link, reason });
          },
        };
      },
      (reason) => {
        this.#opening.delete(link);
        if (!this.#closed) queueMicrotask(() => dispatch({ kind: "linkClosed", link, reason }));
      },
    );
    this.#opening.set(link, attempt);
  }

  send(link: number, message: object): void {
    this.#links.get(link)?.send(message);
  }

  drop(link: number, reason: string): void {
    if (this.#waiting === link) this.#waiting = undefined;
    this.#opening.get(link)?.abort();
    this.#links.get(link)?.close(reason);
  }

  close(): void {
    this.#closed = true;
    for (const attempt of this.#opening.values()) attempt.abort();
    for (const link of this.#links.values()) link.close("the agent ends");
  }

  #receive(link: number, document: JsonValue): void {
    const kind = isJsonObject(document) ? document["kind"] : undefined;
    if (typeof kind !== "string" || !masterKinds.has(kind)) {
      this.#options.log.warn("master.unknownMessage", { messageKind: kind });
      return;
    }
    try {
      // The master is ours; what is in the message was checked by it.
      this.#options.dispatch({ kind: "frameReceived", link, message: document as unknown as MasterToAgent });
    } catch (error) {
      this.drop(link, errorMessage(error));
    }
  }
}
