/** One line of the shell from its words to its exit code. */
import { languageOf, type MessageKey, type MessageParameters, text } from "#contracts/messages/messages.ts";
import { expiryOf } from "../config/token-expiry.ts";
import { type Act, CommandFailed, type Context, type Environment } from "../context.ts";
import { createContext } from "../create-context.ts";
import { type ExitCode, exitCodes } from "../exit-codes.ts";
import { describeFailure } from "../failure.ts";
import { render } from "../output/render.ts";
import { instant, span } from "../output/table.ts";
import { allCommands, commands } from "../registry/registry.ts";
import { Input } from "./input.ts";
import { type ParsedCommand, parseCommandLine } from "./parse.ts";

/** Runs it and answers what the program ends with; never throws. */
export async function runCommandLine(argv: readonly string[], environment: Environment): Promise<ExitCode> {
  const language = languageOf(environment);
  const say = (key: MessageKey, parameters?: MessageParameters): string => text(language, key, parameters);
  const isDebugging = argv.includes("--debug") || environment["KEELSON_DEBUG"] !== undefined;
  try {
    const parsed = parseCommandLine(allCommands, argv);
    if (parsed.kind === "help") {
      const { help } = await import("./help.ts");
      console.log(help(commands, parsed.path, say));
      return exitCodes.ok;
    }
    if (parsed.kind === "version") return await runCommandLine(["version"], environment);
    const context = createContext(environment, language, parsed, commands);
    try {
      return await runParsed(context, parsed);
    } finally {
      await context.close();
    }
  } catch (error) {
    const failure = describeFailure(error, say);
    console.error(failure.text);
    if (isDebugging) console.error(error);
    return failure.exitCode;
  }
}

async function runParsed(context: Context, parsed: ParsedCommand): Promise<ExitCode> {
  const { spec } = parsed;
  const input = new Input(parsed);
  switch (spec.kind) {
    case "read": {
      const read = await spec.load();
      if (input.isOn("watch")) {
        const { watch } = await import("../output/watch.ts");
        return await watch(context, read, input, spec);
      }
      const view = await read(context, input);
      const shown = await render(context, view, spec.columns);
      if (shown !== "") context.print(shown);
      warnOfExpiry(context);
      return view.exitCode ?? exitCodes.ok;
    }
    case "change":
      if (context.choice.isReadOnly || input.isOn("read-only"))
        throw new CommandFailed(
          context.say("cli.readOnly", { command: spec.path, context: context.choice.name }),
          exitCodes.refused,
        );
      warnOfExpiry(context);
      return await act(context, await spec.load(), input);
    case "stream":
    case "local":
      return await act(context, await spec.load(), input);
    case "outside":
      // `bin/keelson` starts these itself; only who runs this file directly comes here.
      throw new CommandFailed(context.say("cli.outside", { command: spec.path }), exitCodes.usage);
  }
}

async function act(context: Context, command: Act, input: Input): Promise<ExitCode> {
  const code = await command(context, input);
  return typeof code === "number" ? code : exitCodes.ok;
}

/** Said on stderr, so that nobody's pipeline stops on the day the token ends. */
function warnOfExpiry(context: Context): void {
  const chosen = context.chosen;
  if (chosen === undefined) return;
  const expiry = expiryOf(chosen.addresses.token, Date.now(), chosen);
  if (expiry?.isNear !== true) return;
  context.warn(
    context.say("cli.tokenEnds", {
      name: chosen.name,
      at: instant(expiry.at),
      left: span(expiry.at - Date.now()),
    }),
  );
}
