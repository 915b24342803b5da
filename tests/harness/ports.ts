/**
 * Ports for tests that run at once, of which no other test on this machine gets one, and none that the system gives to
 * whoever connects (/proc/sys/net/ipv4/ip_local_port_range). Who takes some listens at one of them, its guard, as long as
 * it lives: that is what others see.
 */
import { createServer, type Server } from "node:net";

export interface PortSpan {
  readonly begin: number;
  readonly end: number;
}

const every = (step: number, first: number, count: number): readonly number[] =>
  Array.from({ length: count }, (_, index) => first + index * step);

/** Offsets of clusters: each hundred apart, so that none has a port of another. The highest port is 24903. */
const offsets = every(100, 10_000, 60);
/** The door's port without offset: 8800 is a multiple of hundred away from 9000, so that of another cluster might have it. */
export const doorPort = 8860;
/** A cluster's ports without offset, with as many agents as the tests' have. No two have the same last two digits. */
const clusterPorts = [...every(1, 5050, 9), 8080, 8101, 8102, doorPort, 9000];
const clusterGuard = 9003;
if (new Set([...clusterPorts, clusterGuard].map((port) => port % 100)).size <= clusterPorts.length)
  throw new Error("two clusters of tests could want the same port");
/** Blocks for the tasks of clusters: above those, around the ones that tasks get by default. */
const taskBlocks = [...every(200, 25_000, 30), ...every(200, 61_000, 22)];
/** Blocks for single servers, between the default ones of tasks and the system's. */
const smallBlocks = every(15, 32_010, 50);

export interface Taken<Value> {
  readonly value: Value;
  readonly release: () => void;
}

/** For `keelson up --task-ports`. */
export const takeTaskPorts = (): Promise<Taken<PortSpan>> => takeBlock(taskBlocks, 200);

/** The first one is the guard. */
function takeBlock(blocks: readonly number[], size: number): Promise<Taken<PortSpan>> {
  return take("block of ports", blocks, (begin) => ({
    guard: begin,
    wanted: [],
    value: { begin: begin + 1, end: begin + size - 1 },
  }));
}

/** For `keelson up --port-offset`. */
export function takeOffset(): Promise<Taken<number>> {
  return take("place for a cluster's ports", offsets, (offset) => ({
    guard: offset + clusterGuard,
    wanted: clusterPorts.map((port) => port + offset),
    value: offset,
  }));
}

let ofThisProcess: { readonly span: PortSpan; next: number } | undefined;

/** A port that nobody listens at, and that this process gets no second time. */
export async function freePort(): Promise<number> {
  for (;;) {
    if (ofThisProcess === undefined || ofThisProcess.next > ofThisProcess.span.end) {
      const { value: span } = await takeBlock(smallBlocks, 15);
      ofThisProcess = { span, next: span.begin };
    }
    const port = ofThisProcess.next;
    ofThisProcess.next += 1;
    if (await isFree(port)) return port;
  }
}

interface Place<Value> {
  readonly guard: number;
  /** Must be free too: a killed test may have left something running. */
  readonly wanted: readonly number[];
  readonly value: Value;
}

async function take<Value>(
  what: string,
  places: readonly number[],
  placeOf: (begin: number) => Place<Value>,
): Promise<Taken<Value>> {
  const start = Math.floor(Math.random() * places.length);
  for (const begin of [...places.slice(start), ...places.slice(0, start)]) {
    const { guard, wanted, value } = placeOf(begin);
    const server = await listen(guard);
    if (server === undefined) continue;
    if ((await Promise.all(wanted.map(isFree))).every(Boolean))
      return { value, release: () => void server.close() };
    server.close();
  }
  throw new Error(`no ${what} is free on this machine`);
}

/** Holds no process up. */
function listen(port: number): Promise<Server | undefined> {
  return new Promise((resolve) => {
    const server = createServer((socket) => socket.destroy());
    server.once("error", () => resolve(undefined));
    server.listen({ port, host: "127.0.0.1", exclusive: true }, () => resolve(server.unref()));
  });
}

async function isFree(port: number): Promise<boolean> {
  const server = await listen(port);
  if (server === undefined) return false;
  await new Promise((resolve) => server.close(resolve));
  return true;
}
