import { describe, expect, it } from "vitest";
import { networkFiles } from "./network-files.ts";

const input = { hostname: "box", addresses: ["10.1.1.5", "fd00::5"], results: [], resolvers: [] };
const resolvedBy = (changes: object): string => networkFiles({ ...input, ...changes })["resolv.conf"];
const dns = (more: object) => ({ dns: { nameservers: ["10.1.1.1"], ...more } });

describe("files of a container with a network of its own", () => {
  it("have its name and its addresses", () => {
    expect(networkFiles(input)).toMatchObject({
      hosts: "127.0.0.1 localhost\n::1 localhost ip6-localhost ip6-loopback\n10.1.1.5 box\nfd00::5 box\n",
      hostname: "box\n",
    });
  });

  it.each<[string, object, string]>([
    ["none known", {}, ""],
    [
      "of the network",
      { results: [{}, dns({ domain: "a.b", search: ["a", "b"], options: ["ndots:2"] })], resolvers: ["x"] },
      "domain a.b\nsearch a b\noptions ndots:2\nnameserver 10.1.1.1\n",
    ],
    ["of a network that says nothing of use", { results: [dns({ nameservers: ["a\nb", 1] })] }, ""],
    ["of the machine", { resolvers: ["search a\nnameserver 10.0.0.2\n"] }, "search a\nnameserver 10.0.0.2\n"],
    [
      "of the machine, but for those on its loopback",
      { resolvers: ["nameserver 127.0.0.53\nnameserver 10.0.0.2\noptions edns0\n"] },
      "nameserver 10.0.0.2\noptions edns0\n",
    ],
    [
      "behind the machine's own",
      { resolvers: ["nameserver 127.0.0.53\n", "nameserver 10.0.0.2\n"] },
      "nameserver 10.0.0.2\n",
    ],
    ["only on the machine's loopback", { resolvers: ["nameserver ::1\nsearch a\n"] }, "search a\n"],
  ])("name servers: %s", (_name, changes, expected) => expect(resolvedBy(changes)).toBe(expected));
});
