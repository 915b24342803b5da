import { mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type MessageKey, type MessageParameters, text } from "#contracts/messages/messages.ts";
import type { Environment } from "../context.ts";
import { chooseCluster, contextInUse } from "./choose-cluster.ts";
import { type Config, readConfig, writeConfig } from "./config-file.ts";
import { expiryOf, userOf } from "./token-expiry.ts";

const say = (key: MessageKey, parameters?: MessageParameters): string => text("en", key, parameters);
let folder = "";
let environment: Environment = {};

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "keelson-config-"));
  environment = { HOME: folder };
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const config: Config = {
  current: "prod",
  contexts: new Map([
    ["prod", { url: "https://prod.example.com", token: "t", user: "alice", isReadOnly: true, colour: "red" }],
    ["staging", { url: "https://staging.example.com", isReadOnly: false }],
  ]),
};

describe("the configuration", () => {
  it("comes back as it was written, readable by its owner alone, without leftovers", () => {
    writeConfig(environment, say, config);
    expect(readConfig(environment, say)).toEqual(config);
    expect(statSync(join(folder, ".keelson/config.toml")).mode & 0o777).toBe(0o600);
    expect(readdirSync(join(folder, ".keelson"))).toEqual(["config.toml"]);
  });

  it("is empty when there is no file, and nothing is made by reading", () => {
    expect(readConfig(environment, say).contexts.size).toBe(0);
    expect(readdirSync(folder)).toEqual([]);
  });

  it.each([
    ["contexts = 3\n[", "config.toml can't be read"],
    ['[contexts.a]\ntoken = "x"', "[contexts.a] has no url"],
    ["version = 2", "version 2 is newer than this program"],
  ])("%j is named with its file", (content, problem) => {
    mkdirSync(join(folder, ".keelson"));
    writeFileSync(join(folder, ".keelson/config.toml"), content);
    expect(() => readConfig(environment, say)).toThrow(problem);
  });

  it("that can't be written is a sentence with another way", () => {
    writeFileSync(join(folder, ".keelson"), "a file");
    expect(() => writeConfig(environment, say, config)).toThrow(
      "KEELSON_URL and KEELSON_TOKEN work without it",
    );
  });
});

describe("the cluster in use", () => {
  const choose = (more: Environment = {}, context?: string): string => {
    const chosen = chooseCluster({ ...environment, ...more }, { context, folder }, say);
    return `${chosen.name} ${chosen.source} ${chosen.addresses.door?.url} ${chosen.addresses.token ?? "-"}`;
  };

  it("is the first that is named", () => {
    writeConfig(environment, say, config);
    expect(choose()).toBe("prod current https://prod.example.com t");
    writeFileSync(join(folder, ".keelson-context"), "staging\n");
    expect(choose()).toBe("staging folder https://staging.example.com -");
    expect(choose({ KEELSON_CONTEXT: "prod" })).toBe("prod environment https://prod.example.com t");
    expect(choose({ KEELSON_CONTEXT: "prod", KEELSON_URL: "http://x:1/", KEELSON_TOKEN: "y" })).toBe(
      "x:1 url http://x:1 y",
    );
    expect(choose({ KEELSON_URL: "http://x:1" }, "prod")).toBe("prod flag https://prod.example.com t");
    expect(choose({ KEELSON_TOKEN: "other" }, "prod")).toBe("prod flag https://prod.example.com other");
  });

  it("may be named by a folder above, and a strange name there is nobody's", () => {
    writeConfig(environment, say, config);
    const below = join(folder, "a/b");
    mkdirSync(below, { recursive: true });
    writeFileSync(join(folder, ".keelson-context"), "staging");
    expect(contextInUse(environment, below, say)).toEqual({ name: "staging", source: "folder" });
    writeFileSync(join(folder, "a/.keelson-context"), "https://evil.example.com");
    expect(contextInUse(environment, below, say)).toEqual({ name: "prod", source: "current" });
  });

  it("that is not there is a sentence with the nearest name", () => {
    writeConfig(environment, say, config);
    expect(() => choose({}, "prd")).toThrow("There is no context prd. Did you mean `prod`?");
    expect(() => choose({ KEELSON_URL: "nowhere" })).toThrow('"nowhere" is not the address of a door');
    expect(() => choose({ KEELSON_DATA_DIR: folder })).toThrow(`No cluster on ${folder}`);
  });
});

describe("a token", () => {
  const day = 86_400;
  const token = (claims: object): string =>
    `x.${Buffer.from(JSON.stringify(claims)).toString("base64url")}.x`;

  it.each([
    ["that was given, ends in 8 days", 8 * day, false, false, false],
    ["that was given, ends in 6 days", 6 * day, false, true, false],
    ["of a login, ends in 3 days", 3 * day, true, false, false],
    ["of a login, ends in half a day", 0.5 * day, true, true, false],
    ["that is over", -1, false, false, true],
  ])("%s", (_name, exp, isLogin, isNear, isOver) => {
    expect(expiryOf(token({ exp }), 0, { isLogin })).toMatchObject({ isNear, isOver });
  });

  it("without an end, or that is none of ours, has no expiry", () => {
    for (const given of [undefined, "", "abc", "a.b.c", token({ uid: "x" }), token({ exp: "soon" })])
      expect(expiryOf(given, 0, { isLogin: false })).toBeUndefined();
    expect([userOf(token({ uid: "alice" })), userOf("a.b.c")]).toEqual(["alice", undefined]);
  });
});
