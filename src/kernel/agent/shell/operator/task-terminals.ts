/**
 * Terminals that tasks, executors and standalone containers were launched with (`tty_info`): what is typed goes to the
 * container, what it shows is its stdout. They outlive the agent, as their containers do.
 * Source: contract mesos.md section 3.4, ATTACH_CONTAINER_INPUT and _OUTPUT; Mesos' I/O switchboard.
 */
import type { ServerResponse } from "node:http";
import { join } from "node:path";
import type { ErrorCode } from "#contracts/errors.ts";
import { type MessageEncoding, writeMessage } from "#contracts/kernel/encoding.ts";
import type { AgentProcessIO, ContainerID } from "#contracts/kernel/messages.gen.ts";
import { CodedError } from "#foundation/base/errors.ts";
import { encodeRecord } from "#foundation/http/index.ts";
import { type ContainerDriver, LaunchError } from "#kernel/containerizer/index.ts";
import { containerIdOf, hasOwnContainer } from "../../core/task-run.ts";
import type { AgentView } from "../../core/view.ts";
import { type FollowedEvent, type FollowOptions, followFile } from "../log-follower.ts";
import { drained } from "../log-route.ts";
import { closeParts, RotatedFile } from "../rotated-file.ts";
import type { RunEnds } from "../run-ends.ts";
import type { InputTarget } from "./container-input.ts";
import { isSameContainer } from "./nested-containers.ts";
import { heartbeat, heartbeatMs } from "./process-output.ts";

export interface TaskTerminalsOptions {
  readonly view: () => AgentView;
  readonly driver: Pick<ContainerDriver, "openFeed">;
  readonly ends: RunEnds;
  /** Aborted when the agent ends. */
  readonly ending: AbortSignal;
}

export interface TaskTerminal {
  readonly id: ContainerID;
  readonly containerId: string;
  readonly sandboxDir: string;
}

export class TaskTerminals {
  readonly #options: TaskTerminalsOptions;
  readonly #written = new Set<string>();

  constructor(options: TaskTerminalsOptions) {
    this.#options = options;
  }

  /** Undefined for a container that does not run, or has no terminal. */
  find(id: ContainerID): TaskTerminal | undefined {
    const { frameworks, standalones } = this.#options.view();
    const found = (spec: { readonly containerId: string; readonly sandboxDir: string }): TaskTerminal => ({
      id,
      containerId: spec.containerId,
      sandboxDir: spec.sandboxDir,
    });
    for (const { runs, executors } of frameworks.values()) {
      const run = runs.find((each) => hasOwnContainer(each) && isSameContainer(containerIdOf(each), id));
      if (run?.progress.phase === "running" && run.spec.task.container?.tty_info !== undefined)
        return found(run.spec);
      const executor = executors.find(({ spec }) => id.parent === undefined && spec.containerId === id.value);
      if (executor !== undefined && executor.progress.phase !== "ended")
        return executor.spec.info.container?.tty_info === undefined ? undefined : found(executor.spec);
    }
    const standalone = id.parent === undefined ? standalones.get(id.value) : undefined;
    if (standalone?.end !== undefined || standalone?.container?.tty_info === undefined) return undefined;
    return found(standalone);
  }

  /** Throws CodedError `Conflict` when somebody types already. */
  async input({ containerId }: TaskTerminal): Promise<InputTarget> {
    if (this.#written.has(containerId))
      throw new CodedError<ErrorCode>("Conflict", "Multiple input connections are not allowed");
    this.#written.add(containerId);
    try {
      const feed = await this.#options.driver.openFeed(containerId);
      let isOver = false;
      const ended = new Promise<void>((resolve) => feed.input.once("close", resolve)).then(() => {
        isOver = true;
      });
      return {
        hasTerminal: true,
        stdin: feed.input,
        ended,
        isOver: () => isOver,
        resize: (rows, cols) => feed.resize({ rows, cols }),
        release: () => {
          this.#written.delete(containerId);
          feed.close();
        },
      };
    } catch (error) {
      this.#written.delete(containerId);
      throw error instanceof LaunchError
        ? new CodedError<ErrorCode>("Conflict", error.message, { cause: error })
        : error;
    }
  }

  /** From where on it is shown to who asks now. */
  async now(terminal: TaskTerminal): Promise<FollowOptions["from"]> {
    const newest = await shownBy(terminal).newest();
    if (newest === undefined) return { kind: "offset", offset: 0 };
    await closeParts([newest]);
    return { kind: "cursor", place: { inode: newest.inode, offset: newest.opened.size } };
  }

  /** To its end; the head is out already. */
  async show(
    terminal: TaskTerminal,
    from: FollowOptions["from"],
    { response, encoding }: { readonly response: ServerResponse; readonly encoding: MessageEncoding },
  ): Promise<void> {
    const { ends, ending } = this.#options;
    const { containerId } = terminal;
    const gone = new AbortController();
    response.on("close", () => gone.abort());
    const shown = followFile({
      file: shownBy(terminal),
      from,
      follow: true,
      ended: () =>
        ending.aborted
          ? { cause: "agentEnding" }
          : this.find(terminal.id) === undefined
            ? { cause: "taskEnded" }
            : undefined,
      onMayHaveEnded: (listener) => {
        const stop = ends.on(containerId, listener);
        ending.addEventListener("abort", listener);
        return () => {
          stop();
          ending.removeEventListener("abort", listener);
        };
      },
      signal: gone.signal,
      idleMs: heartbeatMs,
    });
    try {
      for await (const event of shown) {
        const message = event === "idle" ? heartbeat : messageOf(event);
        if (message === undefined) continue;
        const record = encodeRecord(Buffer.from(writeMessage("AgentProcessIO", message, encoding)));
        // A slow reader slows the reading: nothing is held for it.
        if (!response.write(record)) await drained(response, gone.signal);
      }
      response.end();
    } catch {
      // The head is out: a stream that breaks off is all that can still be said.
      response.destroy();
    }
  }
}

const shownBy = ({ sandboxDir }: TaskTerminal): RotatedFile =>
  new RotatedFile(sandboxDir, join(sandboxDir, "stdout"));

function messageOf({ event, data }: FollowedEvent): AgentProcessIO | undefined {
  if (event !== "output") return undefined;
  const bytes = "text" in data ? Buffer.from(data.text).toString("base64") : data.base64;
  return { type: "DATA", data: { type: "STDOUT", data: bytes } };
}
