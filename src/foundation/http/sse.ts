/** Server-sent events, both ways. Source: WHATWG HTML, section on server-sent events. */

export interface ServerEvent {
  /** `message` when the stream named none. */
  readonly event: string;
  readonly data: string;
  readonly id: string | undefined;
}

export interface EventFrame {
  readonly event?: string;
  readonly data: string;
  readonly id?: string;
}

/** One frame with CRLF line ends, as Marathon writes them; data of several lines becomes several data lines. */
export function encodeEvent({ event, data, id }: EventFrame): string {
  const lines = [
    ...(event === undefined ? [] : [`event: ${oneLine(event)}`]),
    ...(id === undefined ? [] : [`id: ${oneLine(id)}`]),
    ...data.split(/\r\n|\r|\n/).map((line) => `data: ${line}`),
  ];
  return `${lines.join("\r\n")}\r\n\r\n`;
}

const oneLine = (text: string): string => text.replace(/[\r\n]+/g, " ");

/** An empty line: nothing to a reader, but traffic to everything between. */
export const eventHeartbeat = "\r\n";

/** Takes a stream in any pieces and gives whole events. */
export class EventDecoder {
  readonly #textMax: number;
  #text = "";
  #data: string[] = [];
  #dataLength = 0;
  #event = "";
  #id: string | undefined;
  readonly #utf8 = new TextDecoder();

  constructor(textMax = 67_108_864) {
    this.#textMax = textMax;
  }

  push(piece: Buffer): readonly ServerEvent[] {
    this.#text += this.#utf8.decode(piece, { stream: true });
    const events: ServerEvent[] = [];
    for (;;) {
      const match = /\r\n|\n|\r(?!$)/.exec(this.#text);
      if (match === null) break;
      const line = this.#text.slice(0, match.index);
      this.#text = this.#text.slice(match.index + match[0].length);
      const event = this.#line(line);
      if (event !== undefined) events.push(event);
    }
    this.#bound(this.#text.length);
    return events;
  }

  #bound(more: number): void {
    if (this.#dataLength + more > this.#textMax)
      throw new Error(`an event is longer than ${this.#textMax} characters`);
  }

  #line(line: string): ServerEvent | undefined {
    if (line === "") return this.#dispatch();
    if (line.startsWith(":")) return undefined;
    const colon = line.indexOf(":");
    const field = colon === -1 ? line : line.slice(0, colon);
    const value = colon === -1 ? "" : line.slice(colon + 1).replace(/^ /, "");
    if (field === "data") {
      this.#data.push(value);
      this.#dataLength += value.length + 1;
      this.#bound(0);
    } else if (field === "event") this.#event = value;
    else if (field === "id" && !value.includes("\0")) this.#id = value;
    return undefined;
  }

  #dispatch(): ServerEvent | undefined {
    const event = this.#event;
    const data = this.#data;
    this.#event = "";
    this.#data = [];
    this.#dataLength = 0;
    if (data.length === 0) return undefined;
    return { event: event === "" ? "message" : event, data: data.join("\n"), id: this.#id };
  }
}
