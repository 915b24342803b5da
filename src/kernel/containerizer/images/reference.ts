/** Names of images, as Docker writes them: `[host[:port]/]path[:tag][@digest]`. */
import { isIPv4 } from "node:net";

export interface ImageReference {
  /** With registry and tag or digest, so that two ways to write it are one: `registry:5000/lib/web:1`. */
  readonly canonical: string;
  readonly registry: string;
  /** Plain HTTP may be spoken with it. */
  readonly isInsecure: boolean;
}

/** Where images without a registry in their name come from. Source: Mesos agent, `--docker_registry`. */
export const defaultRegistry = "https://registry-1.docker.io";
const hub = "docker.io";
const lengthMax = 1_000;

/** Throws RangeError with a sentence. `fallback`: a registry, as `host:port` or with http:// or https:// before it. */
export function parseReference(text: string, fallback: string = defaultRegistry): ImageReference {
  const bad = (what: string): RangeError =>
    new RangeError(`image ${JSON.stringify(text.slice(0, 200))}: ${what}`);
  if (text === "" || text.length > lengthMax || !/^[A-Za-z0-9._:/@-]+$/.test(text))
    throw bad("not a name of an image");
  const [named = "", digest, ...more] = text.split("@");
  if (more.length > 0 || (digest !== undefined && !/^sha256:[0-9a-f]{64}$/.test(digest)))
    throw bad("the digest is not sha256: and 64 digits");
  const [first = "", ...rest] = named.split("/");
  const hasRegistry =
    rest.length > 0 && (first.includes(".") || first.includes(":") || first === "localhost");
  const registry = hasRegistry ? first : hostOf(fallback);
  if (hasRegistry && !/^[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?(:\d{1,5})?$/.test(first))
    throw bad(`${first} is no registry`);
  const tagged = hasRegistry ? rest.join("/") : named;
  const colon = tagged.indexOf(":");
  const path = colon < 0 ? tagged : tagged.slice(0, colon);
  const tag = colon < 0 ? undefined : tagged.slice(colon + 1);
  if (!/^[a-z0-9]+([._-]+[a-z0-9]+)*(\/[a-z0-9]+([._-]+[a-z0-9]+)*)*$/.test(path))
    throw bad("its path is of lower case letters, digits and . _ - between them");
  if (tag !== undefined && !/^\w[\w.-]{0,127}$/.test(tag)) throw bad(`${tag} is not a tag`);
  const full = registry === hub && !path.includes("/") ? `library/${path}` : path;
  return {
    canonical: `${registry}/${full}${digest === undefined ? `:${tag ?? "latest"}` : `@${digest}`}`,
    registry,
    isInsecure: isLoopback(registry) || (!hasRegistry && fallback.startsWith("http://")),
  };
}

function hostOf(registry: string): string {
  const host = registry.replace(/^https?:\/\//, "").replace(/(?<!\/)\/+$/, "");
  return host === "registry-1.docker.io" || host === "index.docker.io" ? hub : host;
}

function isLoopback(registry: string): boolean {
  const host = registry.replace(/:\d+$/, "");
  return host === "localhost" || (isIPv4(host) && host.startsWith("127."));
}
