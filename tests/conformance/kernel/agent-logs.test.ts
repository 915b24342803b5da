/** Output of tasks as it is written: followed, rotated, read again from where a reader stood, and after the end. */
import { chmodSync, globSync, rmSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { agentStreamPaths } from "#contracts/kernel/agent-streams.ts";
import { KernelWorld, type Scheduler } from "./agent-world.ts";
import { StreamReader } from "./event-stream-reader.ts";

let world: KernelWorld;
let scheduler: Scheduler;
const readers: StreamReader[] = [];

beforeAll(async () => {
  world = await KernelWorld.start({ logBytesMax: 4_096, logFilesKept: 20 });
  chmodSync(world.dir, 0o711);
  scheduler = await world.subscribe();
});
afterAll(async () => {
  for (const reader of readers) await reader.close();
  await world.close();
});

function read(taskId: string, query: string): StreamReader {
  const reader = new StreamReader(`${world.agentUrl}${agentStreamPaths.log(taskId)}?${query}`);
  readers.push(reader);
  return reader;
}

const countTo = (count: number): string =>
  Array.from({ length: count }, (_, at) => `line ${at + 1}\n`).join("");

describe("a followed log", { timeout: 120_000 }, () => {
  it("ux.md§6#6 has new text within half a second of its writing, and ends with the task", async () => {
    const task = await scheduler.shell(
      "for i in 1 2 3 4 5 6 7 8; do date +%s%3N; sleep 0.2; done; echo err >&2; exit 3",
    );
    await scheduler.status(task, "TASK_RUNNING");
    const reader = read(task, "follow=true");
    await reader.untilOver();
    expect(reader.events[0]).toMatchObject({ event: "begin", data: { taskId: task, file: "stdout" } });
    const delays = reader.events
      .filter(({ event }) => event === "output")
      .flatMap(({ data, at }) =>
        (data.text as string)
          .trim()
          .split("\n")
          .map((written) => at - Number(written)),
      );
    expect(delays).toHaveLength(8);
    // What was written before the reader came is old when it is read; of the rest most are fresh, load or not.
    expect(delays.slice(2).filter((delay) => delay <= 500).length).toBeGreaterThanOrEqual(4);
    expect(reader.events.at(-1)).toMatchObject({
      event: "end",
      data: { cause: "taskEnded", state: "TASK_FAILED", message: "Command exited with status 3" },
    });
    const errors = read(task, "file=stderr");
    await errors.untilOver();
    expect(errors.text).toBe("err\n");
    expect(errors.events.at(-1)?.data).toMatchObject({ cause: "taskEnded", state: "TASK_FAILED" });
  });

  it("has each line once over rotations and a broken connection", async () => {
    const task = await scheduler.shell(
      "i=0; while [ $i -lt 3000 ]; do i=$((i+1)); echo line $i; [ $((i%100)) = 0 ] && sleep 0.01; done",
    );
    const first = read(task, "follow=true");
    await first.until("some of it", () => first.text.length > 6_000);
    const seen = [...first.events];
    await first.close();
    const cursor = seen.findLast(({ id }) => id !== undefined)?.id ?? "";
    const second = read(task, `follow=true&cursor=${cursor}`);
    await second.untilOver();
    const before = seen.filter(({ event }) => event === "output").map(({ data }) => data.text);
    expect(before.join("") + second.text).toBe(countTo(3_000));
    expect(second.events.filter(({ event }) => event === "rotated").length).toBeGreaterThan(1);
    expect(second.events.some(({ event }) => event === "missed")).toBe(false);
    // The same again once it is over: all that is kept, as one text.
    const whole = read(task, "");
    await whole.untilOver();
    expect(whole.text).toBe(countTo(3_000));
  });

  it("begins where it is asked to", async () => {
    const task = await scheduler.shell("i=0; while [ $i -lt 1000 ]; do i=$((i+1)); echo line $i; done");
    await scheduler.ended(task);
    const texts = await Promise.all(
      ["lines=3", "offset=-10", "offset=8880", "lines=0", "lines=100000"].map(async (query) => {
        const reader = read(task, query);
        await reader.untilOver();
        return reader.text;
      }),
    );
    const all = countTo(1_000);
    expect(texts).toEqual(["line 998\nline 999\nline 1000\n", all.slice(-10), all.slice(8_880), "", all]);
  });

  it("ends without follow at what was there, however fast more is written", async () => {
    const task = await scheduler.shell("exec yes a busy line");
    await scheduler.status(task, "TASK_RUNNING");
    const reader = read(task, "lines=1");
    await reader.untilOver();
    expect(reader.events.at(-1)).toMatchObject({ event: "end", data: { cause: "atEnd" } });
    expect(reader.text.length).toBeLessThan(21 * 4_096);
    const whole = read(task, "");
    await whole.untilOver();
    expect(whole.events.at(-1)?.data).toEqual({ cause: "atEnd" });
    expect(whole.text.length).toBeLessThan(22 * 4_096);
    await scheduler.kill(task, 0);
  });

  it("tells text from bytes, and cuts no character", async () => {
    const task = await scheduler.shell(
      `printf '字'; printf '\\345\\255'; sleep 0.5; printf '\\227!'; printf '\\377\\376' >&2; sleep 0.2`,
    );
    await scheduler.status(task, "TASK_RUNNING");
    const reader = read(task, "follow=true");
    await reader.untilOver();
    expect(reader.text).toBe("字字!");
    const bytes = read(task, "file=stderr");
    await bytes.untilOver();
    expect(bytes.events.find(({ event }) => event === "output")?.data).toEqual({
      offset: 0,
      base64: Buffer.from([0xff, 0xfe]).toString("base64"),
    });
  });

  it("of a task that ended and whose folder somebody removed says that it is gone", async () => {
    const task = await scheduler.shell("echo hello");
    await scheduler.status(task, "TASK_FINISHED");
    const [sandbox] = globSync(`${world.dir}/**/executors/${task}`);
    rmSync(sandbox ?? "", { recursive: true });
    const answer = await world.get(agentStreamPaths.log(task));
    expect([answer.status, answer.json()]).toMatchObject([404, { code: "NotFound" }]);
  });

  it("reads any file of the sandbox and nothing else, and says what is wrong", async () => {
    const task = await scheduler.shell(
      "echo hello > own.txt; ln -s /etc/passwd out; mkdir d; echo ready; sleep 30",
    );
    await scheduler.status(task, "TASK_RUNNING");
    const made = read(task, "follow=true");
    await made.until("its files", () => made.text.includes("ready"));
    const reader = read(task, "file=own.txt");
    await reader.untilOver();
    expect(reader.text).toBe("hello\n");
    const ask = async (path: string, query: string): Promise<unknown> => {
      const answer = await world.get(`${agentStreamPaths.log(path)}?${query}`);
      return [answer.status, (answer.json() as { readonly code: string }).code];
    };
    expect(await ask(task, "file=out")).toEqual([403, "Forbidden"]);
    expect(await ask(task, "file=../../../../etc/passwd")).toEqual([404, "NotFound"]);
    expect(await ask(task, "file=/etc/passwd")).toEqual([403, "Forbidden"]);
    expect(await ask(task, "file=d")).toEqual([400, "InvalidRequest"]);
    expect(await ask(task, "file=none")).toEqual([404, "NotFound"]);
    expect(await ask(task, "cursor=x")).toEqual([400, "InvalidRequest"]);
    expect(await ask(task, "lines=-1")).toEqual([400, "InvalidRequest"]);
    expect(await ask("no-such-task", "")).toEqual([404, "NotFound"]);
    await scheduler.kill(task, 0);
  });
});
