/**
 * What a container with a network of its own reads about itself and about names, instead of the machine's files.
 * Source: Mesos, network/cni isolator; `docker run` leaves out name servers on the machine's loopback too.
 */
import { isJsonObject, type JsonObject, type JsonValue } from "#foundation/base/json.ts";

/** Below `/etc`. */
export const networkFileNames = ["hosts", "hostname", "resolv.conf"] as const;
export type NetworkFiles = Readonly<Record<(typeof networkFileNames)[number], string>>;

export interface NetworkFilesInput {
  readonly hostname: string;
  /** Of the container, in all its networks. */
  readonly addresses: readonly string[];
  /** What the plugins of each network answered. */
  readonly results: readonly (JsonObject | undefined)[];
  /** Texts of the machine's `resolv.conf`, and of the one behind it where a name server of its own stands between. */
  readonly resolvers: readonly string[];
}

export function networkFiles(input: NetworkFilesInput): NetworkFiles {
  const { hostname, addresses } = input;
  const own = addresses.map((address) => `${address} ${hostname}\n`);
  return {
    hosts: `127.0.0.1 localhost\n::1 localhost ip6-localhost ip6-loopback\n${own.join("")}`,
    hostname: `${hostname}\n`,
    "resolv.conf": resolversOf(input),
  };
}

/** Those of the networks, or else of the machine. */
function resolversOf({ results, resolvers }: NetworkFilesInput): string {
  for (const result of results) {
    const dns = result?.["dns"];
    const text = isJsonObject(dns) ? textOf(dns) : "";
    if (text !== "") return text;
  }
  const reached = resolvers.find((text) => nameServers(text).some((server) => !isLoopback(server)));
  return withoutLoopback(reached ?? resolvers[0] ?? "");
}

/** Empty without name servers. */
function textOf(dns: JsonObject): string {
  const servers = words(dns["nameservers"]);
  if (servers.length === 0) return "";
  const lines = [
    ...(typeof dns["domain"] === "string" && dns["domain"] !== "" ? [`domain ${dns["domain"]}`] : []),
    ...lineOf("search", words(dns["search"])),
    ...lineOf("options", words(dns["options"])),
    ...servers.map((server) => `nameserver ${server}`),
  ];
  return `${lines.join("\n")}\n`;
}

const words = (value: JsonValue | undefined): readonly string[] =>
  Array.isArray(value) ? value.filter((each) => typeof each === "string" && /^\S+$/.test(each)) : [];

const lineOf = (name: string, values: readonly string[]): readonly string[] =>
  values.length === 0 ? [] : [`${name} ${values.join(" ")}`];

const serverOf = (line: string): string | undefined => /^\s*nameserver\s+(\S+)/.exec(line)?.[1];

const nameServers = (text: string): readonly string[] =>
  text.split("\n").flatMap((line) => serverOf(line) ?? []);

/** In another network they would be the container itself. */
const withoutLoopback = (text: string): string =>
  text
    .split("\n")
    .filter((line) => {
      const server = serverOf(line);
      return server === undefined || !isLoopback(server);
    })
    .join("\n");

const isLoopback = (address: string): boolean => address.startsWith("127.") || address === "::1";
