/** What tests ask Jobs. */
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ask, eventually } from "./cluster.ts";

export type Json = { readonly [name: string]: unknown };

export interface Answer {
  readonly status: number;
  readonly body: Json;
  readonly headers: Headers;
}

export interface JobRun {
  readonly id: string;
  readonly jobId: string;
  readonly status: string;
  readonly createdAt: string;
  readonly completedAt: string | null;
  readonly tasks: readonly {
    readonly id: string;
    readonly status: string;
    readonly startedAt: string;
    readonly completedAt?: string;
  }[];
}

export interface FinishedRun {
  readonly id: string;
  readonly createdAt: string;
  readonly finishedAt: string;
  readonly tasks: readonly string[];
}

export interface JobHistory {
  readonly successCount: number;
  readonly failureCount: number;
  readonly lastSuccessAt: string | null;
  readonly lastFailureAt: string | null;
  readonly successfulFinishedRuns: readonly FinishedRun[];
  readonly failedFinishedRuns: readonly FinishedRun[];
}

export const smallRun = { cpus: 0.01, mem: 32, disk: 0 };

export class JobsApi {
  readonly #url: string;

  constructor(url: string) {
    this.#url = url;
  }

  async call(method: string, path: string, body?: unknown): Promise<Answer> {
    const answer = await ask(`${this.#url}${path}`, {
      method,
      ...(body === undefined ? {} : { body }),
    });
    return { ...answer, body: answer.body as Json };
  }

  /** A job of one small command; `run` says what differs. */
  async create(id: string, run: object, rest: object = {}): Promise<void> {
    const { status, body } = await this.call("POST", "/v1/jobs", {
      id,
      ...rest,
      run: { ...smallRun, ...run },
    });
    if (status !== 201) throw new Error(`create answered ${status}: ${JSON.stringify(body)}`);
  }

  async start(id: string): Promise<JobRun> {
    const { status, body } = await this.call("POST", `/v1/jobs/${id}/runs`);
    if (status !== 201) throw new Error(`a run of ${id} answered ${status}: ${JSON.stringify(body)}`);
    return body as unknown as JobRun;
  }

  async stop(id: string, runId: string): Promise<Answer> {
    return this.call("POST", `/v1/jobs/${id}/runs/${runId}/actions/stop`);
  }

  async activeRuns(id: string): Promise<readonly JobRun[]> {
    return (await this.call("GET", `/v1/jobs/${id}/runs`)).body as unknown as readonly JobRun[];
  }

  async history(id: string): Promise<JobHistory> {
    const { body } = await this.call("GET", `/v1/jobs/${id}?embed=history`);
    return body["history"] as JobHistory;
  }

  /** Waits until so many runs of a job are over. */
  ended(id: string, count = 1, timeoutMs = 60_000): Promise<JobHistory> {
    return eventually(
      `${count} runs of ${id} are over`,
      async () => {
        const history = await this.history(id);
        return history.successCount + history.failureCount >= count && history;
      },
      timeoutMs,
    );
  }

  /** Waits until a run's task runs. */
  running(id: string, runId: string): Promise<JobRun> {
    return eventually(
      `run ${runId} of ${id} runs`,
      async () => {
        const { body } = await this.call("GET", `/v1/jobs/${id}/runs/${runId}`);
        const run = body as unknown as JobRun;
        return run.tasks?.some(({ status }) => status === "TASK_RUNNING") && run;
      },
      60_000,
    );
  }
}

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

/** A folder that tasks of any user may write into. */
export class TaskFiles {
  readonly #folder = mkdtempSync(join(tmpdir(), "keelson-jobs-"));

  constructor() {
    chmodSync(this.#folder, 0o777);
  }

  path(name: string): string {
    return join(this.#folder, name);
  }

  write(name: string): void {
    writeFileSync(this.path(name), "");
  }

  remove(): void {
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
