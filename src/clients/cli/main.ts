/** The command line. Every text is in the catalogue; every failure is a sentence with what to do next. */
import { Command, CommanderError } from "commander";
import { RequestFailed } from "#clients/client/cluster.ts";
import { languageOf, type MessageKey, type MessageParameters, text } from "#contracts/messages/messages.ts";
import { demo } from "./commands/demo.ts";
import { nodeList } from "./commands/node.ts";
import * as service from "./commands/service.ts";
import { serviceLogs } from "./commands/service-logs.ts";
import { status } from "./commands/status.ts";
import * as task from "./commands/task.ts";
import { why } from "./commands/why.ts";
import { CommandFailed, type Context, createContext } from "./context.ts";
import { describeFailure } from "./failure.ts";

const language = languageOf(process.env);
const say = (key: MessageKey, parameters?: MessageParameters): string => text(language, key, parameters);

const program = new Command("keelson");
program
  .description(say("cli.description"))
  .helpOption("-h, --help", say("cli.help"))
  .helpCommand("help [command]", say("cli.help"))
  .option("--json", say("cli.json"))
  .showHelpAfterError(say("cli.seeHelp"))
  .exitOverride();

type Run<Options> = (context: Context, args: readonly string[], options: Options) => Promise<void>;

/** One command: its words, its text in the catalogue, and what it does. */
function define<Options extends object>(
  parent: Command,
  usage: string,
  help: MessageKey,
  run: Run<Options>,
): Command {
  const command = parent.command(usage).description(say(help)).option("--json", say("cli.json"));
  command.exitOverride().action(async (...given: unknown[]) => {
    const args = given.slice(0, -2).flat() as string[];
    const options = command.optsWithGlobals() as Options & { readonly json?: boolean };
    await run(createContext(process.env, language, options.json === true), args, options);
  });
  return command;
}

program.command("up").description(say("cli.up")).helpOption(false);
program.command("down").description(say("cli.down")).helpOption(false);
define(program, "status", "cli.status", (context) => status(context));
define(program, "demo", "cli.demo", (context) => demo(context));
define(program, "why <name>", "cli.why", (context, [name = ""]) => why(context, name));

const services = program.command("service").alias("services").description(say("cli.service")).exitOverride();
const wait = (command: Command): Command => command.option("--no-wait", say("cli.flag.noWait"));
const force = (command: Command): Command => command.option("--force", say("cli.flag.force"));

wait(
  define<service.AddOptions>(services, "add [name]", "cli.service.add", (context, [name], options) =>
    service.add(context, name, options),
  ),
)
  .option("-f, --file <file>", say("cli.flag.file"))
  .option("--cmd <command>", say("cli.flag.cmd"))
  .option("--instances <n>", say("cli.flag.instances"))
  .option("--cpus <n>", say("cli.flag.cpus"))
  .option("--mem <mib>", say("cli.flag.mem"))
  .option("--env <name=value...>", say("cli.flag.env"));
define(services, "list", "cli.service.list", (context) => service.list(context));
define(services, "show <name>", "cli.service.show", (context, [name = ""]) => service.show(context, name));
force(
  wait(
    define<service.ChangeFlags>(
      services,
      "scale <name> <instances>",
      "cli.service.scale",
      (context, [name = "", count = ""], options) => service.scale(context, name, count, options),
    ),
  ),
);
force(
  wait(
    define<service.UpdateFlags>(
      services,
      "update <name> [field=value...]",
      "cli.service.update",
      (context, [name = "", ...fields], options) => service.update(context, name, fields, options),
    ).option("-f, --file <file>", say("cli.flag.file")),
  ),
);
force(
  wait(
    define<service.ChangeFlags>(
      services,
      "restart <name>",
      "cli.service.restart",
      (context, [name = ""], options) => service.restart(context, name, options),
    ),
  ),
);
wait(
  define<service.ChangeFlags>(
    services,
    "remove <name>",
    "cli.service.remove",
    (context, [name = ""], options) => service.remove(context, name, options),
  ),
);
define<{ readonly follow?: boolean; readonly lines?: string; readonly stderr?: boolean }>(
  services,
  "logs <name>",
  "cli.service.logs",
  (context, [name = ""], options) => serviceLogs(context, name, options),
)
  .option("-F, --follow", say("cli.flag.follow"))
  .option("-n, --lines <n>", say("cli.flag.lines"))
  .option("--stderr", say("cli.flag.stderr"));

const tasks = program.command("task").alias("tasks").description(say("cli.task")).exitOverride();
define<{ readonly all?: boolean }>(tasks, "list", "cli.task.list", (context, _args, options) =>
  task.list(context, options),
).option("-a, --all", say("cli.flag.all"));
define<task.LogOptions>(tasks, "log <task> [file]", "cli.task.log", (context, [id = "", file], options) =>
  task.log(context, id, file, options),
)
  .option("-F, --follow", say("cli.flag.follow"))
  .option("-n, --lines <n>", say("cli.flag.lines"));
define(tasks, "ls <task> [folder]", "cli.task.ls", (context, [id = "", folder]) =>
  task.ls(context, id, folder),
);

const nodes = program.command("node").alias("nodes").description(say("cli.node")).exitOverride();
define(nodes, "list", "cli.node.list", (context) => nodeList(context));

try {
  await program.parseAsync();
} catch (error) {
  process.exitCode = report(error);
}

/** Prints what went wrong and answers the exit code: 1 for failures, 2 for a command that can't be understood. */
function report(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
  if (error instanceof CommandFailed) console.error(error.message);
  else if (error instanceof RequestFailed) console.error(describeFailure(error, say));
  else console.error(say("cli.bug", { problem: error instanceof Error ? error.message : String(error) }));
  if (process.env["KEELSON_DEBUG"] !== undefined) console.error(error);
  return 1;
}
