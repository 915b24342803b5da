import { describe, expect, it } from "vitest";
import { json, type PlainAnswer, parts } from "./answer.ts";
import { withJsonp } from "./jsonp.ts";
import type { HttpRequest } from "./server.ts";

const asked = (name: string | undefined, headers: Readonly<Record<string, string>> = {}): HttpRequest => {
  const query = new URLSearchParams(name === undefined ? {} : { jsonp: name });
  return { query, headers } as unknown as HttpRequest;
};
async function answered(request: HttpRequest, answer = json({ a: 1 })) {
  const given = (await withJsonp(() => answer)(request)) as PlainAnswer;
  let said = "";
  if (typeof given.body === "string") said = given.body;
  else for await (const part of given.body) said += String(part);
  return { ...given, said };
}

describe("jsonp", () => {
  it("leaves an answer as it is when no function is named", async () => {
    expect(await answered(asked(undefined))).toMatchObject({
      said: '{"a":1}',
      headers: { "content-type": "application/json" },
    });
  });

  it.each(["callback", "angular.callbacks._0", "$f", "_x9"])("calls %s", async (name) => {
    expect(await answered(asked(name))).toMatchObject({
      said: `${name}({"a":1});`,
      headers: { "content-type": "text/javascript" },
    });
  });

  it("calls a function with an answer in parts, whose length is another then", async () => {
    async function* pieces(): AsyncGenerator<Buffer> {
      yield Buffer.from("[1,");
      yield Buffer.from("2]");
    }
    const given = await answered(asked("f"), parts(pieces(), { "content-length": "5" }));
    expect(given.said).toBe("f([1,2]);");
    expect(given.headers).not.toHaveProperty("content-length");
  });

  it.each(["alert(1)//", "a b", "1x", "<script>", "", "f".repeat(101)])("refuses %j", async (name) => {
    expect(await answered(asked(name))).toMatchObject({ status: 400 });
  });

  it.each([
    ["cross-site", 403],
    ["same-site", 200],
    ["same-origin", 200],
    ["none", 200],
  ])("from a page that is %s: %d", async (site, status) => {
    expect(await answered(asked("f", { "sec-fetch-site": site }))).toMatchObject({ status });
  });
});
