import { describe, expect, it } from "vitest";
import { catalogues, text } from "#contracts/messages/messages.ts";
import { allCommands, commands } from "../registry/registry.ts";
import { Input } from "./input.ts";
import { type Parsed, parseCommandLine, UsageError } from "./parse.ts";

const parse = (line: string): Parsed => parseCommandLine(allCommands, line.split(" ").filter(Boolean));

function inputOf(line: string): Input {
  const parsed = parse(line);
  if (parsed.kind !== "command") throw new Error(`${line} is no command`);
  return new Input(parsed);
}

function mistake(line: string): string {
  try {
    parse(line);
  } catch (error) {
    if (error instanceof UsageError) return text("en", error.key, error.parameters);
    throw error;
  }
  return "";
}

describe("a line of the shell", () => {
  it.each([
    ["ps", "ps"],
    ["task list", "ps"],
    ["service list", "service list"],
    ["services", "service list"],
    ["-o json service list", "service list"],
    ["service -o json list", "service list"],
    ["--context prod service list", "service list"],
    ["describe service web", "service show"],
    ["get services", "service list"],
    ["app version list web", "history"],
    ["app scale web 3", "service scale"],
    ["apps", "service list"],
    ["pod restart pair", "service restart"],
    ["app delete web", "service remove"],
    ["app kill web", "service kill"],
    ["pods update pair mem=64", "service update"],
    ["marathon app add -f web.json", "service add"],
    ["marathon group scale shop 2", "service group scale"],
    ["marathon deployment rollback 4f", "deployment cancel"],
    ["marathon debug list", "service queue"],
    ["marathon delay reset web", "service retry"],
    ["app group list", "service group list"],
    ["group list", "group list"],
    ["tasks kill t", "task kill"],
    ["deployment watch 4f", "deployment wait"],
    ["stop web", "stop"],
    ["service stop web", "stop"],
    ["top", "top nodes"],
    ["top tasks", "top tasks"],
  ])("%s is the command %s", (line, path) => {
    const parsed = parse(line);
    expect(parsed.kind === "command" ? parsed.spec.path : parsed.kind).toBe(path);
  });

  it.each([
    ["", ""],
    ["--help", ""],
    ["service", "service"],
    ["service --help", "service"],
    ["app", "app"],
    ["help marathon app", "marathon app"],
    ["ps -h", "ps"],
    ["help service scale", "service scale"],
  ])("%s asks for help on %j", (line, path) => {
    expect(parse(line)).toEqual({ kind: "help", path });
  });

  it.each([
    ["srevice list", "There is no command `srevice`. Did you mean `service`, `services`?"],
    ["service lst", "There is no command `service lst`. Did you mean `service list`?"],
    ["ps --wtach", "There is no flag --wtach here. Did you mean `--watch`?"],
    ["service scale web", "INSTANCES is missing."],
    ["ps more", '"more" is one word too many.'],
    ["logs web -n", "-n wants a value: -n N."],
    ["ps --watch=yes", '--watch takes no value, but was given "yes".'],
    ["wait web --for helthy", "Did you mean `healthy`?"],
    ["help nothing", "There is no command `nothing`."],
  ])("%s is a mistake that is named", (line, sentence) => {
    expect(mistake(line)).toContain(sentence);
  });

  it("what stands behind -- belongs to the command that is run", () => {
    const input = inputOf("exec web -i -- ls -l --help");
    expect([input.word(0), input.isOn("interactive"), input.wordsFrom(1)]).toEqual([
      "web",
      true,
      ["ls", "-l", "--help"],
    ]);
  });

  it("short flags stand together, and old spellings are known", () => {
    const input = inputOf("exec -it web");
    expect([input.isOn("interactive"), input.isOn("tty")]).toEqual([true, true]);
    expect(inputOf("logs web -F").isOn("follow")).toBe(true);
    expect(inputOf("logs -fn5 web").number("lines")).toBe(5);
  });

  it("a negative number is an argument", () => {
    expect(inputOf("rollback web -2").word(1)).toBe("-2");
  });

  it("flags that may be given several times keep every value, others the last", () => {
    expect(inputOf("apply -f a -f b").all("file")).toEqual(["a", "b"]);
    expect(inputOf("service list --sort a --sort b").text("sort")).toBe("b");
  });

  it.each([
    ["30s", 30_000],
    ["1.5m", 90_000],
    ["2h", 7_200_000],
    ["250ms", 250],
    ["7", 7_000],
  ])("%s is a length of time", (given, ms) => {
    expect(inputOf(`wait web --timeout ${given}`).durationMs("timeout")).toBe(ms);
  });

  it.each(["", "soon", "-1s", "1 fortnight"])("%j is none", (given) => {
    const parsed = parseCommandLine(allCommands, ["wait", "web", `--timeout=${given}`]);
    if (parsed.kind !== "command") throw new Error("no command");
    expect(() => new Input(parsed).durationMs("timeout")).toThrow(UsageError);
  });
});

describe("the registry", () => {
  it("has every path and alias once", () => {
    const paths = allCommands.flatMap(({ path, aliases = [] }) => [path, ...aliases]);
    expect(paths.filter((path, index) => paths.indexOf(path) !== index)).toEqual([]);
  });

  it("has examples that parse", () => {
    for (const { examples = [], path, kind } of commands) {
      // Those have flags of their own.
      if (kind === "outside") continue;
      for (const example of examples) {
        const words =
          example
            .split(/ [<>] /)[0]
            ?.match(/'[^']*'|\S+/g)
            ?.map((word) => word.replaceAll("'", "")) ?? [];
        expect({ path, example, kind: parseCommandLine(commands, words).kind }).toEqual({
          path,
          example,
          kind: "command",
        });
      }
    }
  });

  it("has a text in both languages for each command, flag and column", () => {
    const keys = allCommands.flatMap((spec) => [
      spec.help,
      ...(spec.flags ?? []).map(({ help }) => help),
      ...(spec.kind === "read" ? (spec.columns ?? []).map(({ header }) => header) : []),
    ]);
    for (const key of keys)
      for (const language of ["en", "zh"] as const) expect(catalogues[language][key]).not.toBe("");
  });

  it("loads a function for each command that this program runs itself", async () => {
    for (const spec of allCommands) {
      if (spec.kind === "outside") continue;
      expect({ path: spec.path, type: typeof (await spec.load()) }).toEqual({
        path: spec.path,
        type: "function",
      });
    }
  }, 60_000);
});
