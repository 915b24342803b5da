/** Sessions in tasks, however they were asked for: counted, bounded, and written down before they begin. */
import type { ErrorCode } from "#contracts/errors.ts";
import type { AuditLog } from "#foundation/audit/index.ts";
import { CodedError, errorMessage } from "#foundation/base/errors.ts";
import {
  type ContainerDriver,
  LaunchError,
  type Session,
  type SessionSpec,
} from "#kernel/containerizer/index.ts";

export interface SessionsOptions {
  readonly driver: ContainerDriver;
  readonly audit: Pick<AuditLog, "append">;
}

/** Who asks for a session, and through which call. */
export interface SessionAsker {
  readonly user: string;
  readonly from: string;
  readonly method: string;
  readonly path: string;
}

/** One more is refused with `TooManyRequests`. */
const sessionLimits = { agent: 128, task: 16 } as const;

export class Sessions {
  readonly #options: SessionsOptions;
  readonly #open = new Map<string, number>();
  #total = 0;

  constructor(options: SessionsOptions) {
    this.#options = options;
  }

  /**
   * Throws CodedError `TooManyRequests`, `Overloaded` or `StorageFailed` (it could not be written down, so it does
   * not begin), `Conflict` (the container does not run), `InvalidRequest` (nothing that can be started).
   */
  async open(
    task: { readonly taskId: string; readonly containerId: string },
    spec: SessionSpec,
    asker: SessionAsker,
  ): Promise<Session> {
    const { taskId, containerId } = task;
    const ofTask = this.#open.get(containerId) ?? 0;
    if (this.#total >= sessionLimits.agent || ofTask >= sessionLimits.task) {
      const [where, max] =
        ofTask >= sessionLimits.task ? ["task", sessionLimits.task] : ["agent", sessionLimits.agent];
      throw new CodedError<ErrorCode>(
        "TooManyRequests",
        `this ${where} has ${max} sessions open; close some`,
      );
    }
    this.#total += 1;
    this.#open.set(containerId, ofTask + 1);
    try {
      await this.#options.audit.append({
        ...asker,
        action: "task.exec",
        object: taskId,
        status: 101,
        message: JSON.stringify(spec.argv),
        changes: [],
      });
      const session = await this.#options.driver.openSession(containerId, spec);
      void session.ended.then(() => this.#closed(containerId));
      return session;
    } catch (error) {
      this.#closed(containerId);
      throw coded(error);
    }
  }

  #closed(containerId: string): void {
    this.#total -= 1;
    const left = (this.#open.get(containerId) ?? 1) - 1;
    if (left === 0) this.#open.delete(containerId);
    else this.#open.set(containerId, left);
  }
}

function coded(error: unknown): unknown {
  if (!(error instanceof LaunchError)) return error;
  const code =
    error.code === "spec" && error.message.includes("does not run") ? "Conflict" : "InvalidRequest";
  return new CodedError<ErrorCode>(code, errorMessage(error), { cause: error });
}
