/** `keelson exec`: a command, or a shell, in a running task; its exit code is ours. */
import { type ExecEnd, type ExecSession, openExec } from "#clients/client/agent-exec.ts";
import type { Input } from "../command-line/input.ts";
import { UsageError } from "../command-line/parse.ts";
import { CommandFailed, type Context } from "../context.ts";
import { type ExitCode, exitCodes } from "../exit-codes.ts";
import { findTaskOrService } from "../find-task.ts";
import { DetachKeys } from "../terminal/detach-keys.ts";

/** What shells add to a signal's number. */
const signalExitBase = 128;

export async function exec(context: Context, input: Input): Promise<ExitCode> {
  const command = input.wordsFrom(1);
  const wantsTerminal = input.isOn("tty");
  if (wantsTerminal && !(process.stdin.isTTY === true && process.stdout.isTTY === true))
    throw new UsageError("exec.noTerminal", {}, input.path);
  if (command.length === 0 && !wantsTerminal) throw new UsageError("exec.noCommand", {}, input.path);
  const task = await findTaskOrService(context, input.word(0), input.text("container"));
  const session = await openExec(
    context.connection,
    { ...task, command, ...(wantsTerminal ? { tty: sizeOfTerminal() } : {}) },
    {
      onStarted: () => {},
      onOutput: (channel, bytes) => {
        (channel === "stderr" ? process.stderr : process.stdout).write(bytes);
      },
    },
  );
  const detached = { isOn: false };
  const release = wantsTerminal
    ? attachTerminal(session, () => {
        detached.isOn = true;
        session.close();
      })
    : attachPipe(session, input.isOn("interactive"));
  try {
    const end = await session.ended;
    if (detached.isOn) {
      context.note(`\n${context.say("exec.detached", { task: task.id })}`);
      return exitCodes.ok;
    }
    return exitCodeOf(context, task.id, end);
  } finally {
    release();
  }
}

function exitCodeOf({ say }: Context, task: string, end: ExecEnd): ExitCode {
  switch (end.kind) {
    case "exit":
      // The command's own code, whatever it means there.
      return end.code as ExitCode;
    case "signal":
      return (signalExitBase + signalNumber(end.signal)) as ExitCode;
    case "failed":
      throw new CommandFailed(say("exec.failed", { task, problem: end.message }));
    case "closed":
      throw new CommandFailed(say("exec.closed", { task, problem: end.cause }), exitCodes.unreachable);
  }
}

const signalNumbers: Readonly<Record<string, number>> = {
  SIGHUP: 1,
  SIGINT: 2,
  SIGQUIT: 3,
  SIGABRT: 6,
  SIGKILL: 9,
  SIGSEGV: 11,
  SIGPIPE: 13,
  SIGTERM: 15,
};
const signalNumber = (name: string): number => signalNumbers[name] ?? 0;

/** A terminal that does not say how large it is says 0. */
const sizeOfTerminal = (): { readonly rows: number; readonly cols: number } => ({
  rows: process.stdout.rows || 24,
  cols: process.stdout.columns || 80,
});

/** Raw mode: every key goes to the other side, but those that detach. */
function attachTerminal(session: ExecSession, detach: () => void): () => void {
  const keys = new DetachKeys();
  const { stdin, stdout } = process;
  const onData = (bytes: Buffer): void => {
    const { pass, isDetached } = keys.push(bytes);
    if (pass.length > 0) session.write(pass);
    if (isDetached) detach();
  };
  const onResize = (): void => session.control({ resize: sizeOfTerminal() });
  stdin.setRawMode(true);
  stdin.on("data", onData);
  stdin.resume();
  stdout.on("resize", onResize);
  return () => {
    stdin.setRawMode(false);
    stdin.off("data", onData);
    stdin.pause();
    stdout.off("resize", onResize);
  };
}

/** Standard input goes along with `-i`; without, the command has none. Ctrl-C is the command's. */
function attachPipe(session: ExecSession, isInteractive: boolean): () => void {
  const { stdin } = process;
  const onData = (bytes: Buffer): void => session.write(bytes);
  const onEnd = (): void => session.control({ eof: true });
  if (isInteractive) {
    stdin.on("data", onData);
    stdin.once("end", onEnd);
  } else onEnd();
  const passed = (["SIGINT", "SIGTERM"] as const).map((signal) => {
    const pass = (): void => session.control({ signal });
    process.on(signal, pass);
    return () => process.off(signal, pass);
  });
  return () => {
    for (const release of passed) release();
    stdin.off("data", onData);
    stdin.off("end", onEnd);
    stdin.pause();
  };
}
