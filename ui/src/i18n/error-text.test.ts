import { describe, expect, it } from "vitest";
import { RequestFailed } from "../data/request.ts";
import { loadTexts } from "./catalogue.ts";
import { errorText } from "./error-text.ts";

const failed = (status: number, body: unknown, message: string) =>
  new RequestFailed({ status, body, message });

describe("what went wrong", () => {
  it("is said in the reader's language, with the daemon's own words behind it", async () => {
    const text = await loadTexts("zh");
    expect(errorText(text, failed(429, { code: "TooManyRequests" }, "64 sessions are open"))).toMatch(
      /\p{Script=Han}.* 64 sessions are open$/u,
    );
    expect(errorText(text, failed(0, undefined, "TypeError: Failed to fetch"))).toMatch(/^[^A-Za-z]+$/);
    expect(errorText(text, failed(422, { code: "Invented" }, "no"))).toBe("no");
    expect(errorText(text, new Error("a bug"))).toBe("a bug");
  });
});
