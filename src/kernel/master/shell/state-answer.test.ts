import { buffer } from "node:stream/consumers";
import { gunzipSync } from "node:zlib";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { MasterEvent, MasterResponse, TaskState } from "#contracts/kernel/messages.gen.ts";
import { decodeProtobuf, encodeProtobuf } from "#contracts/kernel/protobuf-codec.ts";
import type { LinkTask } from "#contracts/link/messages.ts";
import { type Authorizer, permissive } from "#domain/authorization/index.ts";
import type { BodyPart, PlainAnswer, Principal } from "#foundation/http/index.ts";
import { aTask, linkTask, MasterBench } from "../testing.ts";
import { type SharedAnswerLimits, SharedAnswers } from "./shared-answers.ts";
import {
  agentsPieces,
  frameworksPieces,
  type Pieces,
  type StateView,
  statePieces,
  summaryPieces,
} from "./state-answer.ts";
import { stateMessages, subscribedMessages } from "./state-messages.ts";
import { StatePages } from "./state-pages.ts";
import { facts, plainly } from "./testing/plain-state.ts";
import { type Viewer, viewerOf } from "./viewer.ts";

const renders: Readonly<Record<string, (view: StateView) => Pieces>> = {
  state: (view) => statePieces(view, facts),
  frameworks: (view) => frameworksPieces(view, null),
  slaves: (view) => agentsPieces(view, null),
  summary: (view) => summaryPieces(view, { hostname: "h" }),
  GET_TASKS: stateMessages.GET_TASKS.json,
  GET_STATE: stateMessages.GET_STATE.json,
  GET_AGENTS: stateMessages.GET_AGENTS.json,
  SUBSCRIBED: subscribedMessages(15).json,
};
const protobufRenders: typeof renders = {
  GET_TASKS: stateMessages.GET_TASKS.protobuf,
  GET_STATE: stateMessages.GET_STATE.protobuf,
  GET_AGENTS: stateMessages.GET_AGENTS.protobuf,
  SUBSCRIBED: subscribedMessages(15).protobuf,
};

/** A message written in one go. */
const protobufOf = (name: string, message: object): Buffer =>
  Buffer.from(
    name === "SUBSCRIBED"
      ? encodeProtobuf("MasterEvent", message as MasterEvent)
      : encodeProtobuf("MasterResponse", message as MasterResponse),
  );

const everybody: Principal = { kind: "anonymous" };
const ops: Principal = { kind: "named", name: "ops" };
/** Sees alice's and bob's frameworks, alice's tasks, and what is reserved for nobody. */
const aliceOnly: Authorizer = {
  isPermissive: false,
  may: (_principal, action, user) =>
    (action === "view_frameworks" && (user === "alice" || user === "bob")) ||
    (action === "view_tasks" && user === "alice"),
};
const viewers: Readonly<Record<string, () => Viewer>> = {
  all: () => viewerOf(permissive, everybody),
  alice: () => viewerOf(aliceOnly, ops),
};

const bytesOf = async ({ body }: PlainAnswer): Promise<Buffer> => {
  if (typeof body === "string" || Buffer.isBuffer(body)) return Buffer.from(body);
  return buffer(flat(body));
};
async function* flat(body: AsyncIterable<BodyPart>): AsyncGenerator<Buffer> {
  for await (const part of body) yield* Buffer.isBuffer(part) ? [part] : part;
}

const plainRequest = { headers: {} };
const zippedRequest = { headers: { "accept-encoding": "gzip, deflate" } };

const move = fc.record({
  kind: fc.constantFrom(
    "agent",
    "framework",
    "launch",
    "launch",
    "launch",
    "tell",
    "tell",
    "acknowledge",
    "lose",
    "pass",
    "remove",
    "read",
  ),
  which: fc.nat(30),
  other: fc.nat(30),
});
const states: readonly TaskState[] = ["TASK_STARTING", "TASK_RUNNING", "TASK_FINISHED", "TASK_FAILED"];

/** A cluster to which anything may happen. */
class Cluster {
  readonly bench = new MasterBench({ completedTasksMax: 3 });
  readonly #links: { readonly link: string; readonly agentId: string }[] = [];
  readonly #streams: { readonly stream: string; readonly id: string }[] = [];
  #count = 0;

  apply({
    kind,
    which,
    other,
  }: {
    readonly kind: string;
    readonly which: number;
    readonly other: number;
  }): void {
    const { bench } = this;
    const { frameworks } = bench.core.state;
    this.#count += 1;
    const link = this.#links[which % Math.max(1, this.#links.length)];
    const framework = this.#streams[other % Math.max(1, this.#streams.length)];
    const tasks = [...frameworks.values()].flatMap((each) => [...each.tasks.values()]);
    const task = tasks[which % Math.max(1, tasks.length)];
    switch (kind) {
      case "agent": {
        const name = `a${this.#count}`;
        const resources = which % 3 === 0 ? "cpus(web):1;cpus:9;mem:9000" : "cpus:10;mem:9000";
        this.#links.push({ link: name, agentId: bench.agent(name, resources) });
        return;
      }
      case "framework": {
        const stream = `f${this.#count}`;
        const user = ["alice", "bob", "carol"][which % 3] ?? "alice";
        const id = bench.framework(stream, { user, capabilities: [{ type: "PARTITION_AWARE" }] });
        this.#streams.push({ stream, id });
        return;
      }
      case "launch": {
        bench.pass(6_000);
        const records = framework === undefined ? undefined : frameworks.get(framework.id)?.offers.values();
        const offer = [...(records ?? [])].at(-1)?.wire;
        if (framework === undefined || offer === undefined) return;
        const launched = Array.from({ length: 1 + (which % 6) }, (_, index) =>
          aTask(`t${this.#count}-${index}-é`, offer.agent_id.value, {
            command: { value: "true", shell: true, ...(other % 2 === 0 ? { user: "alice" } : {}) },
          }),
        );
        bench.accept(
          framework.id,
          framework.stream,
          [{ type: "LAUNCH", launch: { task_infos: launched } }],
          [offer],
        );
        return;
      }
      case "tell":
        if (task === undefined) return;
        bench.update(
          this.#links.find(({ agentId }) => agentId === task.agentId)?.link ?? "",
          task.frameworkId,
          task.taskId,
          states[other % states.length] ?? "TASK_RUNNING",
          `u${this.#count}`,
        );
        return;
      case "acknowledge":
        if (task?.forwardedUuid !== undefined)
          bench.acknowledge(task.frameworkId, task.agentId, task.taskId, task.forwardedUuid);
        return;
      case "lose":
        if (link !== undefined) bench.do({ kind: "agentDisconnected", connection: link.link });
        if (other % 2 === 0) bench.pass(3_600_000);
        return;
      case "remove":
        if (framework !== undefined && which % 3 === 0)
          bench.do({ kind: "teardownAsked", request: this.#count, frameworkId: framework.id });
        return;
      case "pass":
        bench.pass(which * 1_000);
        return;
      default:
    }
  }
}

describe("answers made of pages", () => {
  it("are the bytes that writing the state plainly gives, whatever happened between two readings", async () => {
    let compared = 0;
    let withTasks = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(move, { minLength: 5, maxLength: 60 }), async (moves) => {
        const cluster = new Cluster();
        const { state } = cluster.bench.core;
        const answers = new SharedAnswers(state, {}, new StatePages(20_000, 4));
        cluster.apply({ kind: "agent", which: 0, other: 0 });
        cluster.apply({ kind: "framework", which: 0, other: 0 });
        for (const which of [5, 3]) cluster.apply({ kind: "launch", which, other: 0 });
        for (const [index, each] of [...moves, { kind: "read", which: 0, other: 0 }].entries()) {
          cluster.apply(each);
          if (each.kind !== "read" && index % 3 !== 0) continue;
          for (const [who, viewer] of Object.entries(viewers)) {
            const expected = plainly(state, viewer());
            for (const [name, render] of Object.entries(renders)) {
              const text = (
                await bytesOf(await answers.answer(plainRequest, { name, viewer, render }))
              ).toString();
              expect(text, `${name} as ${who} sees it`).toBe(JSON.stringify(expected[name]));
              compared += 1;
            }
            for (const [name, render] of Object.entries(protobufRenders)) {
              const wanted = { name: `${name} protobuf`, viewer, render };
              const bytes = await bytesOf(await answers.answer(plainRequest, wanted));
              const plain = protobufOf(name, expected[name] ?? {});
              expect(bytes.equals(plain), `${name} in protobuf as ${who} sees it`).toBe(true);
              expect(Buffer.concat(answers.atOnce(wanted)).equals(plain), `${name} at once`).toBe(true);
              compared += 1;
            }
          }
          withTasks += [...state.frameworks.values()].some(({ tasks }) => tasks.size > 5) ? 1 : 0;
        }
      }),
      { numRuns: 25, seed: 12 },
    );
    expect(compared).toBeGreaterThan(1_000);
    expect(withTasks).toBeGreaterThan(50);
  }, 60_000);

  it("of frameworks and of executors alone are what the whole state has of them", async () => {
    const cluster = new Cluster();
    for (const kind of ["agent", "framework"] as const) cluster.apply({ kind, which: 0, other: 0 });
    for (const which of [5, 3]) cluster.apply({ kind: "launch", which, other: 0 });
    const { state } = cluster.bench.core;
    const answers = new SharedAnswers(state);
    for (const viewer of Object.values(viewers)) {
      const expected = plainly(state, viewer());
      for (const name of ["GET_FRAMEWORKS", "GET_EXECUTORS"] as const) {
        const { json, protobuf } = stateMessages[name];
        const text = await bytesOf(await answers.answer(plainRequest, { name, viewer, render: json }));
        expect(String(text)).toBe(JSON.stringify(expected[name]));
        const wanted = { name: `${name} protobuf`, viewer, render: protobuf };
        const bytes = await bytesOf(await answers.answer(plainRequest, wanted));
        expect(bytes.equals(protobufOf(name, expected[name] ?? {}))).toBe(true);
      }
    }
  });

  it("tell what a framework holds and is offered, by the role it is in", async () => {
    const bench = new MasterBench();
    const agentId = bench.agent("a", "cpus:4;mem:4096");
    const id = bench.framework("f", { roles: ["web"], capabilities: [{ type: "MULTI_ROLE" }] });
    bench.pass(1_000);
    bench.launch(
      id,
      "f",
      ["t1", "t2"].map((each) => aTask(each, agentId)),
    );
    const render = stateMessages.GET_FRAMEWORKS.json;
    const viewer = (): Viewer => viewerOf(permissive, everybody);
    const told = async (): Promise<readonly string[]> => {
      const answers = new SharedAnswers(bench.core.state);
      const text = String(await bytesOf(await answers.answer(plainRequest, { name: "x", viewer, render })));
      const [framework] = (JSON.parse(text) as MasterResponse).get_frameworks?.frameworks ?? [];
      return ["allocated_resources", "offered_resources"].map((name) =>
        (framework?.[name as "offered_resources"] ?? [])
          .map((each) => `${each.name}:${each.scalar?.value} ${each.allocation_info?.role}`)
          .join(";"),
      );
    };
    const [one] = Object.values(aTask("t", agentId).resources ?? {});
    expect((await told())[0]).toContain(`${one?.name}:${2 * (one?.scalar?.value ?? 0)} web`);
    bench.pass(10_000);
    expect((await told())[1]).toMatch(/cpus:[\d.]+ web;mem:\d+ web/);
  });

  it("say of an agent that it is away, also when nothing of it was used or offered", async () => {
    const bench = new MasterBench();
    bench.agent("a");
    const answers = new SharedAnswers(bench.core.state);
    const wanted = {
      name: "state",
      viewer: () => viewerOf(permissive, everybody),
      render: renders["state"] ?? stateMessages.GET_STATE.json,
    };
    const read = async (): Promise<string> =>
      String(await bytesOf(await answers.answer(plainRequest, wanted)));
    expect(await read()).toContain('"active":true');
    bench.do({ kind: "agentDisconnected", connection: "a" });
    expect(await read()).toContain('"active":false');
  });
});

const smallCluster = (tasks: number): MasterBench => {
  const bench = new MasterBench();
  const agentId = bench.agent("a", "cpus:1000;mem:200000");
  const id = bench.framework("f");
  bench.pass(1_000);
  bench.launch(
    id,
    "f",
    Array.from({ length: tasks }, (_, index) => aTask(`t${index}`, agentId)),
  );
  return bench;
};

describe("GET_TASKS in JSON", () => {
  it("writes a limit that is none by its name, also of a task that came back over the link", async () => {
    const bench = new MasterBench();
    const agentId = bench.agent("a");
    const id = bench.framework("f");
    bench.pass(1_000);
    const limits = { mem: { value: Number.POSITIVE_INFINITY }, cpus: { value: 2 } };
    bench.launch(id, "f", [aTask("t", agentId, { limits })]);
    const answers = new SharedAnswers(bench.core.state);
    const wanted = {
      name: "tasks",
      viewer: viewerOf.bind(undefined, permissive, everybody),
      render: stateMessages.GET_TASKS.json,
    };
    const read = async (): Promise<string> =>
      String(await bytesOf(await answers.answer(plainRequest, wanted)));
    const shown = '"limits":{"mem":{"value":"Infinity"},"cpus":{"value":2}}';
    expect(await read()).toContain(shown);
    bench.do({ kind: "agentDisconnected", connection: "a" });
    const returned = JSON.parse(JSON.stringify({ ...linkTask(id, agentId, "t"), limits })) as LinkTask;
    const later = new MasterBench();
    later.reregister("a", agentId, [returned], [{ user: "u", name: "f", id: { value: id } }]);
    const laterAnswers = new SharedAnswers(later.core.state);
    expect(String(await bytesOf(await laterAnswers.answer(plainRequest, wanted)))).toContain(shown);
  });
});

describe("answers for many readers", () => {
  const read = (answers: SharedAnswers, request = plainRequest): Promise<PlainAnswer> =>
    answers.answer(request, {
      name: "state",
      viewer: viewers["all"] ?? (() => viewerOf(permissive, everybody)),
      render: (view) => statePieces(view, facts),
    });
  const small = (changes: Partial<SharedAnswerLimits> = {}, tasks = 50) => {
    const bench = smallCluster(tasks);
    const { state } = bench.core;
    return { bench, state, answers: new SharedAnswers(state, changes, new StatePages(1_000_000, 4)) };
  };

  it("are made once for all who ask at the same time, and again for who asks later", async () => {
    const { answers, bench } = small();
    const all = await Promise.all(Array.from({ length: 50 }, () => read(answers)));
    expect(answers.made).toBe(1);
    const texts = await Promise.all(all.map(bytesOf));
    expect(new Set(texts.map(String)).size).toBe(1);
    bench.framework("g");
    await read(answers);
    expect(answers.made).toBe(2);
  });

  it("are made again only when something changed: who keeps a connection alive changes nothing", async () => {
    const { answers, bench } = small();
    // All that is free is offered.
    bench.pass(10_000);
    const first = String(await bytesOf(await read(answers)));
    bench.do({ kind: "agentSaid", connection: "a", message: { kind: "pong" } });
    bench.pass(60_000);
    bench.do({ kind: "agentSaid", connection: "a", message: { kind: "pong" } });
    expect(String(await bytesOf(await read(answers))) === first).toBe(true);
    await read(answers, zippedRequest);
    expect(answers.made).toBe(1);
    bench.update("a", [...bench.core.state.frameworks.keys()][0] ?? "", "t7", "TASK_RUNNING", "u");
    expect(String(await bytesOf(await read(answers)))).toContain("TASK_RUNNING");
    expect(answers.made).toBe(2);
  });

  it("are never older than the question", async () => {
    const { bench, answers } = small();
    const before = read(answers);
    bench.update("a", [...bench.core.state.frameworks.keys()][0] ?? "", "t7", "TASK_RUNNING", "u");
    const [first, second] = await Promise.all([before, read(answers)]);
    const text = String(await bytesOf(second));
    expect(text).toContain("TASK_RUNNING");
    // Nothing was made yet when the second reader came: both got the same.
    expect(String(await bytesOf(first))).toBe(text);
  });

  it("go zipped to those who take it, as one file of the same bytes", async () => {
    const { answers } = small();
    const zipped = await read(answers, zippedRequest);
    expect(zipped.headers["content-encoding"]).toBe("gzip");
    const bytes = await bytesOf(zipped);
    expect(zipped.headers["content-length"]).toBe(String(bytes.length));
    const plain = await bytesOf(await read(answers));
    expect(String(gunzipSync(bytes))).toBe(String(plain));
    expect(bytes.length).toBeLessThan(plain.length / 2);
  });

  it("are sent without being kept when they are larger than the bound", async () => {
    const { answers, state } = small({ answerBytes: 2_000 });
    const answer = await read(answers);
    expect(answer.headers["content-length"]).toBeUndefined();
    const all = viewerOf(permissive, everybody);
    expect(String(await bytesOf(answer))).toBe(JSON.stringify(plainly(state, all)["state"]));
  });

  it("are refused in protobuf when more would be held than the bound, as its length stands before it", async () => {
    const { answers } = small({ answerBytes: 2_000 });
    const wanted = {
      name: "tasks",
      viewer: () => viewerOf(permissive, everybody),
      render: stateMessages.GET_TASKS.protobuf,
    };
    await expect(answers.answer(plainRequest, wanted)).rejects.toThrow("ask for it in JSON");
    expect(() => answers.atOnce(wanted)).toThrow("more than 2000 bytes in protobuf");
    const inJson = { ...wanted, name: "json", render: stateMessages.GET_TASKS.json };
    await expect(answers.prepare(inJson)).rejects.toThrow("more than 2000 bytes");
    await expect(answers.answer(plainRequest, inJson)).resolves.toBeDefined();
  });

  it("may be had at once while another is made in slices", async () => {
    const { bench, state, answers } = small({ sliceMs: 0, finalSliceMs: 0 });
    const viewer = () => viewerOf(permissive, everybody);
    const slow = answers.answer(plainRequest, {
      name: "GET_STATE",
      viewer,
      render: stateMessages.GET_STATE.protobuf,
    });
    const frameworkId = [...state.frameworks.keys()][0] ?? "";
    for (let turn = 0; turn < 60; turn += 1) {
      await new Promise((resolve) => setImmediate(resolve));
      bench.update(
        "a",
        frameworkId,
        `t${turn % 50}`,
        turn < 50 ? "TASK_RUNNING" : "TASK_STARTING",
        `u${turn}`,
      );
      const bytes = answers.atOnce({ name: "now", viewer, render: stateMessages.GET_STATE.protobuf });
      const plain = protobufOf("GET_STATE", plainly(state, viewer())["GET_STATE"] ?? {});
      expect(Buffer.concat(bytes).equals(plain), `turn ${turn}`).toBe(true);
    }
    // Of more than one moment, but whole.
    const { get_state } = decodeProtobuf("MasterResponse", await bytesOf(await slow));
    expect(get_state?.get_tasks?.tasks).toHaveLength(50);
  });

  it("are taken from who reads too slowly once what is held is more than the bound", async () => {
    const { answers, bench } = small({ heldBytes: 10_000, writeBytes: 100 });
    const slow = flat((await read(answers)).body as AsyncIterable<BodyPart>);
    await slow.next();
    const frameworkId = [...bench.core.state.frameworks.keys()][0] ?? "";
    for (let round = 0; round < 3; round += 1) {
      for (let task = 0; task < 50; task += 1)
        bench.update(
          "a",
          frameworkId,
          `t${task}`,
          round % 2 === 0 ? "TASK_RUNNING" : "TASK_STARTING",
          `u${round}`,
        );
      await bytesOf(await read(answers));
    }
    await expect(async () => {
      for await (const _part of slow);
    }).rejects.toThrow("read too slowly");
  });

  it("are refused when too many different ones wait", async () => {
    const { answers } = small({ waiting: 2 });
    const ask = (name: string): Promise<PlainAnswer> =>
      answers.answer(plainRequest, {
        name,
        viewer: () => viewerOf(permissive, everybody),
        render: (view) => statePieces(view, facts),
      });
    const first = [ask("one"), ask("two")];
    await expect(ask("three")).rejects.toThrow("2 large answers wait");
    await Promise.all(first);
    await expect(ask("three")).resolves.toBeDefined();
  });

  it("let go of the pages of what is no longer there", async () => {
    const { bench, state } = small();
    const pages = new StatePages(1_000_000, 4);
    const all = () => viewerOf(permissive, everybody);
    const own = new SharedAnswers(state, {}, pages);
    const wanted = { name: "state", viewer: all, render: (view: StateView) => statePieces(view, facts) };
    await own.answer(plainRequest, wanted);
    const full = pages.budget.bytes;
    bench.do({ kind: "agentDisconnected", connection: "a" });
    bench.do({ kind: "teardownAsked", request: 1, frameworkId: [...state.frameworks.keys()][0] ?? "" });
    for (let index = 0; index < 60; index += 1) {
      bench.do({ kind: "teardownAsked", request: 2 + index, frameworkId: bench.framework(`g${index}`) });
    }
    await own.answer(plainRequest, wanted);
    expect(full).toBeGreaterThan(5_000);
    expect(pages.budget.bytes).toBeLessThan(full / 4);
  });
});
