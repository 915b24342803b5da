/** Listeners of the benchmark of events, in a process of their own: they count what they hear and look at nothing. */
import { connect } from "node:net";

export interface ListenersAsked {
  readonly port: number;
  readonly listeners: number;
  /** Events that all of them hear together. */
  readonly events: number;
}

const marker = Buffer.from("status_update_event\r\n");

process.once("message", ({ port, listeners, events }: ListenersAsked) => {
  let heard = 0;
  for (let index = 0; index < listeners; index += 1) {
    const socket = connect(port, "127.0.0.1", () =>
      socket.write("GET /v2/events HTTP/1.1\r\nhost: x\r\n\r\n"),
    );
    let rest: Buffer = Buffer.alloc(0);
    socket.on("data", (piece) => {
      const text = rest.length === 0 ? piece : Buffer.concat([rest, piece]);
      let end = 0;
      for (let at = text.indexOf(marker); at !== -1; at = text.indexOf(marker, end)) {
        heard += 1;
        end = at + marker.length;
      }
      rest = text.subarray(Math.max(end, text.length - marker.length + 1));
      if (heard === events) process.send?.("heard");
    });
  }
});
process.once("disconnect", () => process.exit(0));
process.send?.("ready");
