import { expect, it } from "vitest";
import { commands } from "../registry/registry.ts";
import { completeWords } from "./complete-words.ts";

const complete = (
  line: string,
): { readonly words: readonly string[]; readonly offers: string | undefined } => {
  const { fixed, offers } = completeWords(commands, line.split(" "), (key) => key);
  return { words: fixed.map(({ word }) => word), offers };
};

it("offers words of commands, and what is below them", () => {
  expect(complete("").words).toEqual(expect.arrayContaining(["ps", "service", "apply", "up"]));
  expect(complete("service ").words).toEqual(expect.arrayContaining(["list", "scale", "logs"]));
  for (const word of ["app ", "pod ", "marathon app "])
    expect(complete(word).words).toEqual(expect.arrayContaining(["list", "scale", "logs", "stop", "group"]));
  expect(complete("deployment ").words).toEqual(expect.arrayContaining(["cancel", "wait"]));
});

it.each([
  ["logs ", "service"],
  ["service scale ", "service"],
  ["app scale ", "service"],
  ["marathon app show ", "service"],
  ["tasks kill ", "task"],
  ["task log ", "task"],
  ["node show ", "node"],
  ["--context ", "context"],
  ["ps --node ", "node"],
  ["context use ", "context"],
  ["explain ", "field"],
  ["task kill a b ", "task"],
  ["-o json logs ", "service"],
])("%s wants the name of a %s", (line, offers) => {
  expect(complete(line).offers).toBe(offers);
});

it("offers flags and their values", () => {
  expect(complete("logs web --").words).toEqual(expect.arrayContaining(["--follow", "--grep", "--context"]));
  expect(complete("ps -o ").words).toContain("yaml");
  expect(complete("wait web --for ").words).toEqual(["healthy", "deployed", "gone"]);
});

it("offers no name where none is wanted", () => {
  expect(complete("service scale web ").offers).toBeUndefined();
  expect(complete("ps ").offers).toBeUndefined();
});
