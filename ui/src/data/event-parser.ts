/** Server-sent events out of pieces of text, as the HTML standard frames them. */
export interface StreamEvent {
  readonly id: string | undefined;
  /** What its `event:` line says; undefined for one without. */
  readonly name: string | undefined;
  readonly data: string;
}

/** One unfinished line may not be longer; a stream that sends more is broken. */
const lineCharactersMax = 1_048_576;

/** Takes the text of a stream in pieces of any length and gives back whole events. */
export class EventParser {
  #rest = "";
  #data: string[] = [];
  #id: string | undefined;
  #name: string | undefined;

  push(piece: string): StreamEvent[] {
    const found: StreamEvent[] = [];
    const lines = (this.#rest + piece).split(/\r\n|\n|\r(?!$)/);
    this.#rest = lines.pop() ?? "";
    if (this.#rest.length > lineCharactersMax) throw new Error("a line of the event stream is too long");
    for (const line of lines) {
      if (line === "") {
        if (this.#data.length > 0)
          found.push({ id: this.#id, name: this.#name, data: this.#data.join("\n") });
        this.#data = [];
        this.#name = undefined;
      } else {
        this.#field(line);
      }
    }
    return found;
  }

  #field(line: string): void {
    const colon = line.indexOf(":");
    // A line that begins with a colon is a heartbeat.
    if (colon === 0) return;
    const name = colon === -1 ? line : line.slice(0, colon);
    const value = colon === -1 ? "" : line.slice(colon + 1).replace(/^ /, "");
    if (name === "data") this.#data.push(value);
    else if (name === "id") this.#id = value;
    else if (name === "event") this.#name = value;
  }
}
