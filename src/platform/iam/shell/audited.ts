/** A call that changes something, with its record in the audit trail. */
import type { AuditEntry } from "#foundation/audit/index.ts";
import { type Caller, empty, type HttpRequest, type PlainAnswer } from "#foundation/http/index.ts";
import { IamRefused } from "./answers.ts";
import { demandCaller, type IamContext } from "./context.ts";

interface Audited<State> {
  readonly action: string;
  readonly object: string;
  /** Read before and after. */
  readonly state: () => State;
  readonly changes: (before: State, after: State) => AuditEntry["changes"];
}

/** Runs the work, which answers its status. Refusals are kept too: who tried what they may not is what a trail is for. */
export async function audited<State>(
  context: IamContext,
  request: HttpRequest,
  { action, object, state, changes }: Audited<State>,
  work: (caller: Caller) => Promise<number>,
): Promise<PlainAnswer> {
  const caller = await demandCaller(context, request);
  const before = state();
  const told = (status: number): Promise<void> =>
    context.audit({
      ...caller,
      action,
      object,
      method: request.method,
      path: request.path,
      status,
      changes: changes(before, state()),
    });
  try {
    const status = await work(caller);
    await told(status);
    return empty(status);
  } catch (error) {
    if (error instanceof IamRefused) await told(error.status);
    throw error;
  }
}
