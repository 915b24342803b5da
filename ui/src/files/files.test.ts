import { describe, expect, it } from "vitest";
import { RequestFailed } from "../data/request.ts";
import { previewOf } from "./preview.ts";
import { fileUrl, readEntries, removedAt } from "./sandbox-files.ts";

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

describe("files of a sandbox", () => {
  it("are listed with folders first, below the sandbox", () => {
    const answer = [
      { path: "/w/runs/1/stdout", mode: "-rw-r--r--", size: 5, mtime: 2 },
      { path: "/w/runs/1/data", mode: "drwxr-xr-x", size: 4_096, mtime: 1.5 },
      "other",
    ];
    expect(readEntries(answer, "/w/runs/1")).toEqual([
      { name: "data", path: "data", isFolder: true, size: 4_096, changedAt: 1_500 },
      { name: "stdout", path: "stdout", isFolder: false, size: 5, changedAt: 2_000 },
    ]);
    expect(readEntries({}, "/")).toEqual([]);
  });

  it("have addresses that hold any name", () => {
    const task = { agentId: "a", taskId: "t/1" };
    expect(fileUrl(task, "a b&c")).toBe("/agent/a/keelson/v1/files/t%2F1?path=a+b%26c");
    expect(fileUrl(task, "data", { tar: true })).toBe("/agent/a/keelson/v1/files/t%2F1?path=data&as=tar");
  });

  it("say when they went", () => {
    const gone = new RequestFailed({ status: 404, body: { details: { removedAt: 5 } }, message: "" });
    expect([removedAt(gone), removedAt(new Error("x"))]).toEqual([5, undefined]);
  });
});

describe("the preview of a file", () => {
  it.each([
    ["text", bytes("héllo"), 6, { kind: "text", text: "héllo", isCut: false }],
    [
      "a part whose last character is cut",
      bytes("hé").subarray(0, 2),
      6,
      { kind: "text", text: "h", isCut: true },
    ],
    ["bytes", new Uint8Array([0, 1]), 2, { kind: "binary" }],
    ["text in another encoding", new Uint8Array([0xff, 0xfe, 0x41]), 3, { kind: "binary" }],
    [
      "a picture that can hold scripts",
      bytes("<svg onload=x>"),
      14,
      { kind: "text", text: "<svg onload=x>", isCut: false },
    ],
    [
      "a picture",
      new Uint8Array([0x89, 0x50, 0x4e, 0x47]),
      4,
      { kind: "image", dataUrl: "data:image/png;base64,iVBORw==" },
    ],
    ["a part of a picture", new Uint8Array([0xff, 0xd8, 0xff]), 9, { kind: "binary" }],
    ["nothing", new Uint8Array(0), 0, { kind: "text", text: "", isCut: false }],
  ] as const)("%s", (_name, given, size, expected) => {
    expect(previewOf(given, size)).toEqual(expected);
  });
});
