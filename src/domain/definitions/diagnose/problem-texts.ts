/**
 * What the API says of a definition, in the reader's language. Texts on the wire are the protocol's and stay as they
 * are; this knows each of them and has the sentence for people, so that clients can show answers of a server too.
 */
import { explainField } from "#contracts/docs/field-docs.ts";
import type { Language, MessageParameters } from "#contracts/messages/messages.ts";
import { definitionText } from "./definition-texts.ts";

export interface ProblemText {
  /** Stable: `shape.…` for the wrong form, `sense.…` for rules, `other` for a text this version does not know. */
  readonly code: string;
  readonly message: string;
}

/** A service is an app, a pod or a group. */
export type DefinitionKind = "job" | "service";

/** Codes of the first stage, as the API has them. */
const shapeCodes: Readonly<Record<string, string>> = {
  "error.expected.jsstring": "shape.text",
  "error.expected.jsnumber": "shape.number",
  "error.expected.jsboolean": "shape.boolean",
  "error.expected.jsarray": "shape.list",
  "error.expected.jsobject": "shape.object",
  "error.expected.jsvalue": "shape.value",
  "error.path.missing": "shape.missing",
  "error.unknown.enum.literal": "shape.choice",
  "error.min": "shape.minimum",
  "error.max": "shape.maximum",
  "error.minLength": "shape.tooShort",
  "error.maxLength": "shape.tooLong",
  "error.pattern": "shape.pattern",
  "error.unknown.field": "shape.unknownField",
};

/** Sentences of the second stage: what they look like, and the names of what they hold. */
const sentences: readonly (readonly [RegExp, string, ...string[]])[] = [
  [/^a volume as a raw device/, "sense.externalBlock"],
  [/is not supported by this version of Keelson$/, "sense.notSupported"],
  [/^must not be the root path$/, "sense.rootPath"],
  [/^must not end with "(.*)", which the API uses itself$/, "sense.reservedName", "name"],
  [/^"(.*)" has characters other than a-z, 0-9, and \. and - between them$/, "sense.pathSegment", "segment"],
  [/^must be "v1"$/, "sense.migrationVersion"],
  [/^must be set beside (.*)$/, "sense.neededBeside", "other"],
  [/^An app has either 'cmd' or 'args' to run\.$/, "sense.commandOrArguments"],
  [/^must not be empty$/, "sense.empty"],
  [/^Port names must be unique\.$/, "sense.portNamesTwice"],
  [/^Ports must be unique\.$/, "sense.portsTwice"],
  [/^HealthCheck must specify either a port or a portIndex\.$/, "sense.portAndIndex"],
  [/^Health check port indices must address an element/, "sense.portIndexOutside"],
  [/^URI has invalid syntax\.$/, "sense.address"],
  [/^must be relative and stay inside the sandbox$/, "sense.outsideSandbox"],
  [/^cannot be given together with (.*)$/, "sense.notTogether", "other"],
  [/^a constraint needs a field$/, "sense.constraintField"],
  [/^"(.*)" is no operator; there are (.*)$/, "sense.constraintOperator", "operator", "operators"],
  [/^UNIQUE takes no value$/, "sense.uniqueValue"],
  [/^MAX_PER needs a whole number$/, "sense.maxPerNumber"],
  [/^GROUP_BY takes a whole number or nothing$/, "sense.groupByNumber"],
  [/^more than (.*) constraints are not taken$/, "sense.constraints", "max"],
  [/^(LIKE|UNLIKE) needs a regular expression$/, "sense.expressionMissing", "operator"],
  [/^"(.*)" is not a valid regular expression: (.*)$/s, "sense.expression", "expression", "problem"],
  [/^IS takes letters, digits and _ \/ \. -$/, "sense.isValue"],
  [/^must be "(.*)", the role of this framework$/, "sense.role", "role"],
  [/^must be "(.*)", the role that its group enforces$/, "sense.roleEnforced", "role"],
  [
    /^must be "(.*)", the role of this framework, or "(.*)", that of its group$/,
    "sense.roleOfTwo",
    "role",
    "groupRole",
  ],
  [/^"(.*)" is neither "\*" nor the app's role "(.*)"$/, "sense.acceptedRole", "given", "role"],
  [/^inactiveAfterSeconds must not be larger than expungeAfterSeconds$/, "sense.unreachableOrder"],
  [/^"(.*)" is not the path of a secret$/, "sense.secretPath", "path"],
  [/^no secret is declared as "(.*)"$/, "sense.secretUndeclared", "name"],
  [/^must be "\/\/cmd", the path of a program, or empty$/, "sense.executorPath"],
  [/^must be "unlimited" or at least (.*), which is what is reserved$/, "sense.limitBelowRequest", "amount"],
  [/^a single instance app has at most one$/, "sense.singleInstance"],
  [/^a single instance app needs minimumHealthCapacity/, "sense.singleInstanceUpdate"],
  [/^must be one name, without a slash$/, "sense.oneName"],
  [/^must be at least 1 MiB$/, "sense.volumeSize"],
  [/^is for disks of type (.*)$/, "sense.diskType", "types"],
  [/^must be larger than size, which is (.*)$/, "sense.diskMaxSize", "size"],
  [/^"(.*)" is nothing that a disk has; its field is path$/, "sense.diskField", "field"],
  [/^must be RW for a persistent volume$/, "sense.persistentMode"],
  [/^"(.*)" is named twice$/, "sense.namedTwice", "name"],
  [/^must be 0 for an app with persistent volumes$/, "sense.residentOverCapacity"],
  [/^must be disabled for an app with persistent volumes$/, "sense.residentUnreachable"],
  [/^must be \["\*"\] for an app with persistent volumes$/, "sense.residentAcceptedRoles"],
  [/^nothing can be reserved for the role \*$/, "sense.residentRole"],
  [/^"(.*)" is not a timestamp$/, "sense.timestamp", "given"],
  [/^The 'version' field may only be combined with the 'id' field\.$/, "sense.versionAlone"],
  [/^groups lie at most (.*) deep$/, "sense.groupsTooDeep", "max"],
  [/^not allowed in conjunction with other properties\.$/, "sense.groupModeAlone"],
  [/^(.*) is listed twice$/, "sense.listedTwice", "id"],
  [/^Identifier is not child of '(.*)'\. Hint: use relative paths\.$/, "sense.notInGroup", "group"],
  [/^this is a group, not an app: it goes to \/v2\/groups$/, "sense.groupNotApp"],
  [/^this is a pod, not an app: it goes to \/v2\/pods$/, "sense.podNotApp"],
  [/^container names are unique$/, "sense.containerNamesTwice"],
  [/^volume names are unique$/, "sense.volumeNamesTwice"],
  [/^Endpoint names are unique across all containers$/, "sense.endpointNamesTwice"],
  [/^Host ports are unique across all containers$/, "sense.hostPortsTwice"],
  [/^Container ports are unique across all containers$/, "sense.containerPortsTwice"],
  [/^no volume of the pod is named "(.*)"$/, "sense.volumeUnknown", "name"],
  [/^a volume is mounted by one container at least$/, "sense.volumeUnused"],
  [/^is needed in a network of containers$/, "sense.containerPortMissing"],
  [/^a container of type DOCKER is in one network$/, "sense.dockerOneNetwork"],
  [/^must not be set in a host network$/, "sense.notInHostNetwork"],
  [/^must be empty in a host network$/, "sense.emptyInHostNetwork"],
  [/^no endpoint of the container is named "(.*)"$/, "sense.endpointUnknown", "name"],
  [/^AppDefinition can contain at most one check that agents run/, "sense.agentChecks"],
  [/^a check is exactly one of http, tcp and exec$/, "sense.checkKind"],
  [/^there can be at most one$/, "sense.atMostOne"],
  [/^a COMMAND check needs a command to run$/, "sense.checkCommandMissing"],
  [/^a (.*) check has no command$/, "sense.checkCommand", "protocol"],
  [/^IPv6 can only be used with container\.type DOCKER$/, "sense.checkIpv6"],
  [/^no port of the app is named "(.*)"$/, "sense.portNameUnknown", "name"],
  [/^must be smaller than (.*)$/, "sense.smallerThan", "field"],
  [/^a status is from 100 to 999$/, "sense.status"],
  [/^"(.*)" is no time zone of the IANA database$/, "sense.timeZone", "zone"],
  [/^a job cannot depend on itself$/, "sense.dependsOnItself"],
  [/^"(.*)" cannot be the id of a schedule$/s, "sense.scheduleId", "id"],
  [/^must have no \.\.$/, "sense.pathUpwards"],
  [/^a run needs one of cmd, docker and ucr$/, "sense.nothingToRun"],
  [/^all networks have the same mode$/, "sense.networkModes"],
  [/^a docker job is in one network$/, "sense.dockerOneNetwork"],
  [/^a container network has a name$/, "sense.networkNameMissing"],
  [/^a (.*) network has no name$/, "sense.networkName", "mode"],
  [/^only a job with docker or ucr can be in a network of containers$/, "sense.networkNeedsContainer"],
  [/^no network of the (?:app|pod) is named "(.*)"$/, "sense.networkUnknown", "name"],
  [/^a port of the agent leads into exactly one of several networks$/, "sense.portOfOneNetwork"],
  [/^NONE is not a network that an app can be in$/, "sense.networkNone"],
  [/^there is at most one host or container\/bridge network$/, "sense.oneNetwork"],
  [/^never worked: say pullConfig$/, "sense.credential"],
  [/^is for containers of type (.*)$/, "sense.containerType", "type"],
  [/^must be an absolute path$/, "sense.absolutePath"],
  [/^must be an absolute path, or one below the sandbox$/, "sense.hostPath"],
  [
    /^Requested (?:DVDI|CSI) volume '(.*)' is declared more than once within app/,
    "sense.externalTwice",
    "name",
  ],
  [/^Number of instances is limited to 1 when declaring DVDI volumes in app/, "sense.externalInstances"],
  [/^must be 0 for an app with external volumes$/, "sense.externalOverCapacity"],
  [/^got .*, expected 1 or less while non-shareable CSI volumes are defined$/, "sense.externalSingle"],
  [/^got .*, expected 1 or less while a multi-node single-writer volume is/, "sense.externalWriter"],
  [/^CSI volume must be mounted readonly with a read-only access mode$/, "sense.externalReadOnly"],
  [/^"(.*)" is neither a declared secret nor the path of one$/, "sense.externalSecret", "secret"],
  [/^must be the name of a volume$/, "sense.externalName"],
  [/^must be the name of a volume plugin/, "sense.externalDriver"],
  [/^"(.*)" is no name of a volume plugin, /, "sense.externalDriverName", "driver"],
  [/^must be RW with a container of type MESOS$/, "sense.externalReadWrite"],
  [/^must be a path in the sandbox, or an absolute one$/, "sense.externalPath"],
  [/^must only contain "(.*)" with a container of type DOCKER$/, "sense.externalOptions", "option"],
  [/^must be undefined for Docker containers$/, "sense.externalSize"],
  [/^value must be an absolute path$/, "sense.absolutePath"],
  [
    /^(.*) (?:is (?:not of the form .*|no (?:host name|absolute path|capability|size|address|domain|option|name of a volume plugin).*|not (?:a|true|there).*|neither .*)|can't be had; .*|has a soft limit above its hard one)$/,
    "sense.parameter",
    "value",
  ],
  [/^a volume has either hostPath and mode, or a secret$/, "sense.volumeKind"],
  [/^a volume of the host needs RO or RW$/, "sense.volumeMode"],
  [/^no secret is named "(.*)" in \/run\/secrets$/, "sense.secretUnknown", "name"],
  [/^no variable and no volume uses it$/, "sense.secretUnused"],
  [/^"(.*)" cannot be the (.*) of a cron expression$/, "sense.cronField", "given", "field"],
  [/^a cron expression has 5 fields/, "sense.cronFields"],
  [/^a cron expression has at most (.*) characters$/, "sense.cronTooLong", "max"],
  [/^no date fits this cron expression$/, "sense.cronNever"],
  [/^is no cron expression: (.*)$/s, "sense.cron", "problem"],
];

/** The sentence for `error`, which the API gave for `path` of a job, or of an app, a pod or a group. */
export function problemText(
  path: string,
  error: string,
  language: Language,
  kind: DefinitionKind = "service",
): ProblemText {
  const { code, parameters } = identify(path, error, kind);
  return { code, message: definitionText(language, code, parameters) ?? error };
}

function identify(
  path: string,
  error: string,
  kind: DefinitionKind,
): { readonly code: string; readonly parameters: MessageParameters } {
  const shape = Object.hasOwn(shapeCodes, error) ? shapeCodes[error] : undefined;
  if (shape !== undefined) {
    const parameters = shapeParameters(path, kind);
    const isChoice = shape === "shape.object" && parameters["values"] !== "";
    return { code: isChoice ? "shape.choiceOrObject" : shape, parameters };
  }
  for (const [pattern, code, ...names] of sentences) {
    const match = pattern.exec(error);
    if (match === null) continue;
    return {
      code,
      parameters: Object.fromEntries(names.map((name, index) => [name, match[index + 1] ?? ""])),
    };
  }
  return { code: "other", parameters: { error } };
}

/** Bounds and choices as the schema has them. */
function shapeParameters(path: string, kind: DefinitionKind): MessageParameters {
  const name = path
    .replace(/^(\/groups\(\d+\))*(\/apps\(\d+\))?(?=\/)/, "")
    .replace(/\(\d+\)/g, "")
    .split("/")
    .filter((part) => part !== "");
  const last = name.at(-1) ?? "";
  const isJobId = kind === "job" && last === "id";
  const field = (kind === "job" ? ["job"] : ["app", "pod", "group"])
    .map((root) => explainField([root, ...name].join("."), "en"))
    .find((found) => found !== undefined);
  return {
    field: last,
    form: isJobId ? "jobId" : last,
    kind: field?.type === "integer" ? "whole" : "any",
    values: (field?.values ?? []).join(", "),
    minimum: field?.minimum ?? 0,
    maximum: field?.maximum ?? 0,
    length: field?.maximumLength ?? 0,
  };
}
