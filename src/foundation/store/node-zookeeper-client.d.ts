/** The part of node-zookeeper-client that is used here; the package brings no types. */
declare module "node-zookeeper-client" {
  export interface Stat {
    readonly czxid: Buffer;
    readonly version: number;
  }
  export interface WatchEvent {
    readonly path: string;
  }
  export interface Operation {
    version?: number;
  }
  export interface Transaction {
    /** Plain list of what will be sent. */
    readonly ops: Operation[];
    create(path: string, data: Buffer): Transaction;
    check(path: string, version?: number): Transaction;
    setData(path: string, data: Buffer, version?: number): Transaction;
    remove(path: string, version?: number): Transaction;
    commit(callback: (error: Error | null) => void): void;
  }
  export interface Client {
    /** Inside the client; see zookeeper-session.ts for why it is touched. */
    readonly connectionManager: {
      readonly socket: { destroy(): void } | undefined;
      pendingBuffer: Buffer | null;
    };
    connect(): void;
    close(): void;
    on(event: "connected" | "disconnected" | "expired" | "authenticationFailed", listener: () => void): void;
    getSessionTimeout(): number;
    getSessionId(): Buffer;
    create(
      path: string,
      data: Buffer,
      mode: number,
      callback: (error: Error | null, path: string) => void,
    ): void;
    remove(path: string, version: number, callback: (error: Error | null) => void): void;
    setData(
      path: string,
      data: Buffer,
      version: number,
      callback: (error: Error | null, stat: Stat) => void,
    ): void;
    getData(
      path: string,
      watcher: ((event: WatchEvent) => void) | undefined,
      callback: (error: Error | null, data: Buffer | undefined, stat: Stat) => void,
    ): void;
    exists(
      path: string,
      watcher: ((event: WatchEvent) => void) | undefined,
      callback: (error: Error | null, stat: Stat | null) => void,
    ): void;
    getChildren(
      path: string,
      watcher: ((event: WatchEvent) => void) | undefined,
      callback: (error: Error | null, children: string[]) => void,
    ): void;
    transaction(): Transaction;
  }
  const zookeeper: {
    createClient(
      connectionString: string,
      options?: { sessionTimeout?: number; spinDelay?: number; retries?: number },
    ): Client;
    readonly CreateMode: {
      readonly PERSISTENT: number;
      readonly EPHEMERAL: number;
      readonly EPHEMERAL_SEQUENTIAL: number;
    };
    readonly Exception: {
      readonly CONNECTION_LOSS: number;
      readonly NO_NODE: number;
      readonly NODE_EXISTS: number;
      readonly BAD_VERSION: number;
      readonly SESSION_EXPIRED: number;
    };
  };
  export default zookeeper;
}
