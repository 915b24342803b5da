/** What is kept and nevertheless does something else here, or nothing. */
import { isJsonObject, type JsonObject, type JsonValue } from "#foundation/base/json.ts";
import type { AppDefinition } from "../definitions/app.ts";
import { type DockerParameter, hasNoEffect } from "../launches/docker-parameters.ts";
import type { Finding } from "./finding.ts";

type About = Omit<Finding, "kind" | "id">;

export interface SourceFacts {
  /** As `/v2/info` says; undefined of files. */
  readonly marathonVersion?: string | undefined;
}

/** Defaults that older versions had: whoever left the field out there meant these. */
const olderDefaults: readonly {
  readonly field: keyof AppDefinition;
  readonly before: readonly [major: number, minor: number];
  readonly was: NonNullable<About["was"]>;
}[] = [
  { field: "maxLaunchDelaySeconds", before: [1, 8], was: 3_600 },
  {
    field: "unreachableStrategy",
    before: [1, 6],
    was: { inactiveAfterSeconds: 300, expungeAfterSeconds: 600 },
  },
];

/** Of what a definition left out. A file does not say which version it was written for: it may have been an older one. */
export function defaultFindings(
  said: object,
  kept: AppDefinition,
  { marathonVersion }: SourceFacts,
): readonly About[] {
  return olderDefaults
    .filter(({ field, before }) => !Object.hasOwn(said, field) && isOlder(marathonVersion, before))
    .map(({ field, was }) => ({
      code: "default" as const,
      field: `/${field}`,
      was,
      // A definition is JSON by construction; its type only lacks the index signature.
      now: kept[field] as NonNullable<About["now"]>,
    }));
}

function isOlder(version: string | undefined, [major, minor]: readonly [number, number]): boolean {
  const match = /^(\d+)\.(\d+)/.exec(version ?? "");
  if (match === null) return true;
  const [ofMajor, ofMinor] = [Number(match[1]), Number(match[2])];
  return ofMajor < major || (ofMajor === major && ofMinor < minor);
}

/** Labels that ask something of a part of DC/OS which is not here, and what only Docker would do. */
export function effectFindings({ labels, portDefinitions = [], container }: AppDefinition): readonly About[] {
  const isPackage = Object.keys(labels).some((name) => name.startsWith("DCOS_PACKAGE_"));
  const virtual = portDefinitions.flatMap(({ labels: own = {} }, index) =>
    Object.keys(own)
      .filter((name) => /^VIP_\d+$/.test(name))
      .map((name) => ({
        code: "noEffect" as const,
        field: `/portDefinitions(${index})/labels/${name}`,
        was: own[name] ?? "",
        reason: "virtualAddress",
      })),
  );
  return [
    ...virtual,
    ...parameterFindings(container?.docker?.parameters, "/container/docker"),
    ...(isPackage ? [{ code: "noEffect" as const, field: "/labels", reason: "package" }] : []),
  ];
}

/** Of `docker run`. */
export function parameterFindings(
  parameters: readonly DockerParameter[] = [],
  where: string,
): readonly About[] {
  return parameters.flatMap(({ key, value }, index) =>
    hasNoEffect(key)
      ? [
          {
            code: "noEffect" as const,
            field: `${where}/parameters(${index})`,
            was: `${key}=${value}`,
            reason: "dockerParameter",
          },
        ]
      : [],
  );
}

/** A store tells nobody its values: they have to be brought separately. */
export function secretFindings(secrets: AppDefinition["secrets"] = {}, where = "/secrets"): readonly About[] {
  return Object.entries(secrets).map(([name, { source }]) => ({
    code: "secret",
    field: `${where}/${name}`,
    was: source,
  }));
}

/** What stays where it is: volumes come empty here, and a folder of a node holds what that node has. `shown` is an app, a pod or a run. */
export function dataFindings(shown: JsonObject, where = ""): readonly About[] {
  const container = isJsonObject(shown["container"]) ? shown["container"] : {};
  return [
    ...volumeFindings(container["volumes"], `${where}/container/volumes`),
    ...volumeFindings(shown["volumes"], `${where}/volumes`),
  ];
}

function volumeFindings(volumes: JsonValue | undefined, where: string): readonly About[] {
  if (!Array.isArray(volumes)) return [];
  return volumes.flatMap((volume: JsonValue, index): readonly About[] => {
    if (!isJsonObject(volume)) return [];
    const field = `${where}(${index})`;
    const { persistent, external, hostPath, host } = volume;
    if (isJsonObject(persistent)) return [{ code: "data", field, reason: "persistent" }];
    if (isJsonObject(external)) {
      const { name } = external;
      return [{ code: "data", field, ...(name === undefined ? {} : { was: name }), reason: "external" }];
    }
    const folder = hostPath ?? host;
    return typeof folder === "string" && folder.startsWith("/")
      ? [{ code: "data", field, was: folder, reason: "host" }]
      : [];
  });
}

/** A schedule that is on fires in both places until one of them is told otherwise. */
export function scheduleFindings(schedules: readonly { readonly enabled: boolean }[]): readonly About[] {
  return schedules.flatMap(({ enabled }, index): readonly About[] =>
    enabled ? [{ code: "firesTwice", field: `/schedules(${index})` }] : [],
  );
}

const namePattern = /(?:[a-z0-9_-]+\.)+(?:mesos|(?:this|my)?dcos\.directory)(?![\w-]|\.\w)/gi;

/** Names of a Mesos cluster in commands, environments and addresses; not those that only begin like one, as of a Java package. */
export function nameFindings(value: unknown, field = ""): readonly About[] {
  if (typeof value === "string") {
    return [...new Set(value.match(namePattern))].map((name) => ({
      code: "unresolvedName" as const,
      field,
      was: name,
    }));
  }
  if (Array.isArray(value)) return value.flatMap((item, index) => nameFindings(item, `${field}(${index})`));
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([key, item]) =>
    key === "labels" ? [] : nameFindings(item, `${field}/${key}`),
  );
}
