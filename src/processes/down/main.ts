/** `keelson down`: ends the cluster of a data directory; with `--purge` its tasks and its data too. */
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { languageOf, type MessageKey, type MessageParameters, text } from "#contracts/messages/messages.ts";
import { errorMessage } from "#foundation/base/errors.ts";
import { identityOf, isAlive, type ProcessIdentity, readUpState, removeDataDir } from "../up/data-dir.ts";
import { dataDirOf } from "../up/options.ts";
import { runningTasks } from "../up/running-tasks.ts";
import { endAllTasks, leaveAllPlugins } from "./end-tasks.ts";

const root = fileURLToPath(new URL("../../..", import.meta.url));
const language = languageOf(process.env);
const stopDeadlineMs = 15_000;
const say = (key: MessageKey, parameters?: MessageParameters): void =>
  console.error(text(language, key, parameters));

const values = readOptions();
if (values.help) {
  console.log(text(language, "down.usage"));
  process.exit(0);
}
const dataDir = dataDirOf(values["data-dir"], process.env, root);
void down();

function readOptions() {
  try {
    return parseArgs({
      options: {
        "data-dir": { type: "string" },
        purge: { type: "boolean", default: false },
        json: { type: "boolean", default: false },
        help: { type: "boolean", short: "h", default: false },
      },
    }).values;
  } catch (error) {
    say("down.badOption", { problem: errorMessage(error).split(". ")[0] ?? "" });
    process.exit(2);
  }
}

async function down(): Promise<void> {
  const state = readUpState(dataDir);
  if (state === undefined) {
    say("down.none", { dataDir });
    process.exit(values.purge ? 0 : 1);
  }
  const wasRunning = isAlive(state.supervisor);
  const tasks = wasRunning ? await runningTasks(state.services["kernel"] ?? "") : undefined;
  await stopProcess(state.supervisor);
  // Children of a supervisor that was killed end by themselves; what is left is ended here.
  for (const [name, pid] of Object.entries(state.pids)) {
    const startTicks = state.startTicks[name];
    if (startTicks !== undefined) await stopProcess({ pid, startTicks });
  }
  if (values.purge) {
    const ended = await endAllTasks(dataDir);
    await leaveAllPlugins(dataDir);
    removeDataDir(dataDir);
    report("down.purged", { tasks: ended, dataDir });
  } else if (wasRunning) {
    report("down.stopped", { tasks: tasks ?? 0 });
  } else {
    say("down.none", { dataDir });
  }
}

function report(key: MessageKey, parameters: MessageParameters): void {
  if (values.json) console.log(JSON.stringify({ stopped: true, purged: values.purge, ...parameters }));
  else say(key, parameters);
}

async function stopProcess(identity: ProcessIdentity): Promise<void> {
  if (!isAlive(identity)) return;
  process.kill(identity.pid, "SIGTERM");
  const deadline = performance.now() + stopDeadlineMs;
  while (performance.now() < deadline) {
    if (!isAlive(identity)) return;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  if (identityOf(identity.pid)?.startTicks !== identity.startTicks) return;
  process.kill(identity.pid, "SIGKILL");
  say("down.stuck", { pid: identity.pid, seconds: stopDeadlineMs / 1000 });
}
