import type { IncomingMessage } from "node:http";
import { describe, expect, it } from "vitest";
import { identityHeaders } from "#contracts/identity.ts";
import type { Access } from "#foundation/http/index.ts";
import { basicHeader, basicOf, parseCredentials } from "./credentials.ts";
import { createGuard, type GuardOptions } from "./guard.ts";
import { accountIn, type PeerAccount } from "./peer-account.ts";

describe("a file of credentials", () => {
  it.each<[unknown, string]>([
    [[], "credentials:"],
    [{ credentials: [{ principal: "a:b", secret: "s" }] }, "credentials[0].principal"],
    [{ credentials: [{ principal: "a", secret: "" }] }, "credentials[0].secret"],
    [
      {
        credentials: [
          { principal: "a", secret: "1" },
          { principal: "a", secret: "2" },
        ],
      },
      "credentials[1].principal",
    ],
  ])("%j names what is wrong: %s", (document, problem) => {
    expect(() => parseCredentials(document)).toThrow(problem);
  });

  it("a header is read as it is written, and what is none is none", () => {
    const credential = { principal: "ops", secret: "a:b ü" };
    expect(basicOf(basicHeader(credential))).toEqual(credential);
    for (const header of [
      undefined,
      "",
      "Basic",
      "Basic ****",
      "Bearer abc",
      `Basic ${Buffer.from("x").toString("base64")}`,
    ])
      expect(basicOf(header)).toBeUndefined();
  });
});

describe("the account of a connection", () => {
  const line = (local: string, remote: string, uid: number, inode: number, state = "01"): string =>
    `   0: ${local} ${remote} ${state} 00000000:00000000 00:00000000 00000000  ${uid}        0 ${inode} 1 0000`;
  const table = (...lines: string[]): string =>
    [
      "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode",
      ...lines,
    ].join("\n");
  it.each<[string, string, number | undefined]>([
    ["its own line", table(line("0100007F:C001", "0100007F:13BA", 65534, 77)), 65534],
    ["not the server's end", table(line("0100007F:13BA", "0100007F:C001", 0, 76)), undefined],
    ["not another port", table(line("0100007F:C002", "0100007F:13BA", 1, 77)), undefined],
    ["nobody's once it was closed", table(line("0100007F:C001", "0100007F:13BA", 0, 0, "06")), undefined],
    [
      "both families in one",
      table(line("0000000000000000FFFF00000100007F:C001", "0000000000000000FFFF00000100007F:13BA", 5, 9)),
      5,
    ],
    ["not of another address", table(line("0101A8C0:C001", "0100007F:13BA", 5, 9)), undefined],
    [
      "among others",
      table(
        line("0100007F:13BA", "0100007F:C001", 0, 1),
        line("0100007F:C001", "0100007F:0050", 3, 2),
        line("0100007F:C001", "0100007F:13BA", 7, 3),
      ),
      7,
    ],
    ["nothing", "", undefined],
  ])("is %s", (_name, text, uid) => {
    expect(accountIn(text, 0xc001, 0x13ba)).toBe(uid);
  });
});

describe("the guard", () => {
  const ask = async (
    options: Partial<GuardOptions>,
    headers: Record<string, string>,
    access: Access = "read",
  ): Promise<unknown> => {
    const guard = createGuard({ realm: "mesos-master", doorSecret: "s3", ...options });
    const verdict = await guard({ headers, socket: {} } as unknown as IncomingMessage, access);
    return verdict.kind === "admitted"
      ? verdict.principal
      : [verdict.answer.status, verdict.answer.headers["www-authenticate"]];
  };
  const credentials = [{ principal: "ops", secret: "right" }];
  const required = new Set<Access>(["read", "write", "scheduler", "executor"]);
  const basic = (secret: string): Record<string, string> => ({
    authorization: basicHeader({ principal: "ops", secret }),
  });
  const of = (account: PeerAccount): Partial<GuardOptions> => ({
    trustedAccounts: new Set([0]),
    accountOf: () => account,
    credentials,
  });

  it.each<[string, Partial<GuardOptions>, Record<string, string>, Access, unknown]>([
    ["everybody where nothing is demanded", {}, {}, "write", { kind: "anonymous" }],
    [
      "a header that is not for us",
      { credentials },
      { authorization: "Digest x" },
      "read",
      { kind: "anonymous" },
    ],
    ["a credential", { credentials }, basic("right"), "read", { kind: "named", name: "ops" }],
    ["health without one", { credentials, required }, {}, "open", { kind: "anonymous" }],
    ["nobody", { credentials, required }, {}, "read", [401, 'Basic realm="mesos-master-readonly"']],
    [
      "no wrong secret",
      { credentials, required },
      basic("wrong"),
      "write",
      [401, 'Basic realm="mesos-master-readwrite"'],
    ],
    [
      "no unknown principal",
      { required },
      basic(""),
      "scheduler",
      [401, 'Basic realm="mesos-master-scheduler"'],
    ],
    ["a daemon of ours", { required }, { [identityHeaders.door]: "s3" }, "write", { kind: "internal" }],
    [
      "whom the door names",
      { required },
      { [identityHeaders.door]: "s3", [identityHeaders.user]: "eve" },
      "read",
      { kind: "named", name: "eve" },
    ],
    [
      "nobody by a wrong door",
      { required },
      { [identityHeaders.door]: "s4", [identityHeaders.user]: "eve" },
      "read",
      [401, 'Basic realm="mesos-master-readonly"'],
    ],
    ["the cluster's account", of({ kind: "account", uid: 0 }), {}, "write", { kind: "anonymous" }],
    ["another machine", of({ kind: "elsewhere" }), {}, "write", { kind: "anonymous" }],
    [
      "no other account",
      of({ kind: "account", uid: 65534 }),
      {},
      "write",
      [401, 'Basic realm="mesos-master-readwrite"'],
    ],
    [
      "no connection whose account can't be told",
      of({ kind: "unknown" }),
      {},
      "read",
      [401, 'Basic realm="mesos-master-readonly"'],
    ],
    [
      "another account with a credential",
      of({ kind: "account", uid: 65534 }),
      basic("right"),
      "read",
      { kind: "named", name: "ops" },
    ],
    [
      "an executor by its token",
      {
        required,
        executorOf: (header) =>
          header === "Bearer t" ? { frameworkId: "f", executorId: "e", containerId: "c" } : undefined,
      },
      { authorization: "Bearer t" },
      "executor",
      { kind: "executor", claims: { frameworkId: "f", executorId: "e", containerId: "c" } },
    ],
    ["no executor without one", { required }, {}, "executor", [401, 'Bearer realm="mesos-master-executor"']],
    ["another account for health", of({ kind: "account", uid: 65534 }), {}, "open", { kind: "anonymous" }],
  ])("lets in %s", async (_name, options, headers, access, expected) => {
    expect(await ask(options, headers, access)).toEqual(expected);
  });
});
