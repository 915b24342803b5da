/** A line between a client and a server that a test can cut and mend: bytes pass through, or nothing does. */
import { type AddressInfo, connect, createServer, type Socket } from "node:net";

export interface CuttableLine {
  readonly port: number;
  /** Ends all connections and takes no new ones, as a cable that was pulled. */
  cut(): void;
  /** Connections stay open and nothing passes any more, on old ones for ever, as behind a firewall that forgot them. */
  stall(): void;
  /** New connections pass. */
  mend(): void;
  close(): Promise<void>;
}

export async function startCuttableLine(serverPort: number): Promise<CuttableLine> {
  let state: "open" | "cut" | "stalled" = "open";
  const pairs = new Map<Socket, Socket | undefined>();
  const server = createServer((client) => {
    client.on("error", () => client.destroy());
    if (state === "cut") return void client.destroy();
    if (state === "stalled") return void pairs.set(client, undefined);
    const far = connect(serverPort, "127.0.0.1");
    pairs.set(client, far);
    far.on("error", () => client.destroy());
    far.on("close", () => client.destroy());
    client.on("close", () => {
      far.destroy();
      pairs.delete(client);
    });
    client.pipe(far).pipe(client);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const endAll = (): void => {
    for (const client of pairs.keys()) client.destroy();
  };
  return {
    port: (server.address() as AddressInfo).port,
    cut: () => {
      state = "cut";
      endAll();
    },
    stall: () => {
      state = "stalled";
      for (const [client, far] of pairs) {
        far?.unpipe();
        client.unpipe();
        far?.pause();
        client.pause();
      }
    },
    mend: () => {
      state = "open";
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        endAll();
      }),
  };
}
