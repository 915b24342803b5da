/** For tests of this folder: a client that sends exactly these bytes. */
import { connect, type Socket } from "node:net";

export interface RawConnection {
  readonly socket: Socket;
  /** What came back so far. */
  readonly received: () => string;
  readonly closed: () => boolean;
}

/** A connection to this machine that has sent `given`. */
export function openRaw(port: number, given: string): RawConnection {
  const socket = connect(port, "127.0.0.1");
  let received = "";
  let closed = false;
  socket.on("data", (piece) => {
    received += piece.toString("latin1");
  });
  socket.on("error", () => undefined);
  socket.on("close", () => {
    closed = true;
  });
  socket.write(given);
  return { socket, received: () => received, closed: () => closed };
}
