/** `/state` of a big master, ten tasks an agent, read over HTTP by another process; and what its bytes alone cost. */
import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { monitorEventLoopDelay } from "node:perf_hooks";
import { fileURLToPath } from "node:url";
import { permissive } from "#domain/authorization/index.ts";
import { writeAnswer } from "../../src/foundation/http/write-answer.ts";
import type { MasterCore } from "../../src/kernel/master/core/index.ts";
import { SharedAnswers, type Wanted } from "../../src/kernel/master/shell/shared-answers.ts";
import { statePieces } from "../../src/kernel/master/shell/state-answer.ts";
import { stateMessages, subscribedMessages } from "../../src/kernel/master/shell/state-messages.ts";
import { StatePages } from "../../src/kernel/master/shell/state-pages.ts";
import { type Viewer, viewerOf } from "../../src/kernel/master/shell/viewer.ts";
import { type Benchmark, type Figure, measure, percentile } from "./frame.ts";
import { masterWithTasks, taskTold } from "./kernel-cores.ts";
import type { ReadersAsked, ReadersTold } from "./state-readers-process.ts";

const bytesPerMib = 1_048_576;
const tasksPerAgent = 10;

type Serve = (request: IncomingMessage, response: ServerResponse) => void;

const viewer = (): Viewer => viewerOf(permissive, { kind: "anonymous" });

const serverOf =
  (render: Wanted["render"]) =>
  (core: MasterCore): Serve => {
    const answers = new SharedAnswers(core.state);
    return (request, response) =>
      void answers
        .answer(request, { name: "state", viewer, render })
        .then((answer) => writeAnswer(response, request, answer));
  };

const stateServer = serverOf((view) => statePieces(view, {}));
const protobufServer = serverOf(stateMessages.GET_STATE.protobuf);

/** The first record of a subscriber to the operator's stream, made for each reader in one turn of the loop. */
function subscribedServer(core: MasterCore): Serve {
  const answers = new SharedAnswers(core.state);
  const wanted = { name: "subscribed", viewer, render: subscribedMessages(15).protobuf };
  return (_request, response) =>
    void answers.prepare(wanted).then(() => {
      const body = Buffer.concat(answers.atOnce(wanted));
      response.writeHead(200, { "content-length": String(body.length) });
      response.end(body);
    });
}

/** The same bytes from a server that knows nothing but them: what the sockets cost. */
function plainServer(core: MasterCore): Serve {
  const view = {
    state: core.state,
    viewer: viewer(),
    pages: new StatePages(),
    heldBytesMax: Number.POSITIVE_INFINITY,
  };
  const body = Buffer.concat([...statePieces(view, {})]);
  return (_request, response) => {
    response.writeHead(200, { "content-type": "application/json", "content-length": String(body.length) });
    response.end(body);
  };
}

const entry = fileURLToPath(new URL("state-readers-process.ts", import.meta.url));

async function readersOf(asked: ReadersAsked, child: ChildProcess): Promise<ReadersTold> {
  child.send(asked);
  const [told] = (await once(child, "message")) as [ReadersTold];
  return told;
}

interface Shape {
  readonly name: string;
  readonly readers: number;
  readonly rounds: number;
  readonly isZipped?: boolean;
  readonly serve?: (core: MasterCore) => Serve;
  /** Every so many tasks one is told to run again before each round. */
  readonly changes?: boolean;
  readonly target: string;
}

async function run(tasks: number, shape: Shape): Promise<Figure> {
  const { readers, rounds, isZipped = false, serve = stateServer, changes = false } = shape;
  const core = masterWithTasks(tasks, tasksPerAgent);
  const server = createServer(serve(core));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const child = fork(entry, { execArgv: [] });
  await once(child, "message");
  try {
    const firstStarted = performance.now();
    await readersOf({ port, readers: 1, rounds: 1, isZipped }, child);
    const firstMs = performance.now() - firstStarted;
    const delay = monitorEventLoopDelay({ resolution: 1 });
    delay.enable();
    const times: number[] = [];
    let bytes = 0;
    const figure = await measure(tasks, rounds * readers, async () => {
      for (let round = 0; round < rounds; round += 1) {
        if (changes) touch(core, round);
        const told = await readersOf({ port, readers, rounds: 1, isZipped }, child);
        times.push(...told.times);
        bytes = told.bytes;
      }
    });
    delay.disable();
    return {
      ...figure,
      more: {
        n: times.length,
        mib: bytes / bytesPerMib,
        firstMs,
        p50Ms: percentile(times, 0.5),
        p99Ms: percentile(times, 0.99),
        loopDelayP99Ms: delay.percentile(99) / 1e6,
      },
    };
  } finally {
    child.disconnect();
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
}

/** One task in a hundred says again how it is. */
function touch(core: MasterCore, round: number): void {
  let index = 0;
  for (const agent of core.state.agents.values()) {
    for (const { taskId, frameworkId } of agent.tasks) {
      index += 1;
      if (index % 100 !== round % 100) continue;
      const task = { connection: agent.connection ?? "", agentId: agent.id, frameworkId, taskId };
      taskTold(core, task, round % 2 === 0 ? "TASK_STARTING" : "TASK_RUNNING");
    }
  }
}

const benchmark = (shape: Shape): Benchmark => ({
  name: shape.name,
  operation: `one whole answer read over HTTP by ${shape.readers} at once; the readers are another process, CPU is the master's`,
  target: shape.target,
  sizes: [1_000, 10_000, 100_000],
  isInProcess: true,
  run: (tasks) => run(tasks, shape),
});

const target = "≤ 200 ms for 100,000 tasks and 50 readers, loop delay p99 ≤ 50 ms";

export const benchmarks: readonly Benchmark[] = [
  benchmark({ name: "state-1-reader", readers: 1, rounds: 20, target }),
  benchmark({ name: "state-1-reader-changes", readers: 1, rounds: 20, changes: true, target }),
  benchmark({ name: "state-50-readers", readers: 50, rounds: 2, target }),
  benchmark({ name: "state-50-readers-zipped", readers: 50, rounds: 2, isZipped: true, target }),
  benchmark({
    name: "state-protobuf-changes",
    readers: 1,
    rounds: 20,
    changes: true,
    serve: protobufServer,
    target: "loop delay p99 ≤ 50 ms",
  }),
  benchmark({
    name: "state-subscribed-changes",
    readers: 1,
    rounds: 20,
    changes: true,
    serve: subscribedServer,
    target: "loop delay p99 ≤ 50 ms",
  }),
  benchmark({
    name: "state-floor-50-readers",
    readers: 50,
    rounds: 2,
    serve: plainServer,
    target: "none: the same bytes from a plain server",
  }),
];
