/** Resources from the wire and from flags. Every mistake is named. */
import { decodeMessage, MessageInvalid } from "#contracts/kernel/json-codec.ts";
import type { Resource, ResourceReservationInfo } from "#contracts/kernel/messages.gen.ts";
import { type Amount, type Entry, type Identity, makeEntry, rangesAmount } from "./entry.ts";
import type { Range } from "./ranges.ts";
import { Resources } from "./resources.ts";

/** The resources can't be: negative, not a number, ranges the wrong way round, roles that contradict. */
export class ResourcesInvalid extends Error {
  override readonly name = "ResourcesInvalid";
}

/** A role is part of the keys of records and of the names of folders. */
export const roleLengthMax = 255;
const portMax = 65_535;
/** The largest scalar whose thousandths are exact. */
const scalarMax = Number.MAX_SAFE_INTEGER / 1000;
/** More single ranges than this are an attack or a mistake. */
const rangesMax = 65_536;

/** Reads both formats of reservations; `allocation_info` is left to the caller. Throws `ResourcesInvalid`. */
export function parseResources(wire: readonly Resource[]): Resources {
  const entries = wire.map(parseEntry);
  const wholes = entries.filter(({ whole, shared }) => whole && !shared);
  for (const [index, { key, disk }] of wholes.entries()) {
    if (wholes.findIndex((other) => other.key === key) === index) continue;
    const what = disk?.persistence?.id ?? disk?.source?.mount?.root ?? disk?.source?.id ?? "";
    throw new ResourcesInvalid(`disk: ${what} is named twice, and it can't be added up`);
  }
  return Resources.of(entries);
}

/** The one role that all resources are allocated to, if they name one. Throws when they name several. */
export function allocationRoleOf(wire: readonly Resource[]): string | undefined {
  const roles = new Set(wire.flatMap(({ allocation_info }) => allocation_info?.role ?? []));
  if (roles.size > 1)
    throw new ResourcesInvalid(`resources are allocated to several roles: ${[...roles].join(", ")}`);
  return [...roles][0];
}

function parseEntry(wire: Resource): Entry {
  if (wire.name === "") throw new ResourcesInvalid("a resource has no name");
  const identity: Identity = {
    name: wire.name,
    reservations: reservationsOf(wire),
    disk: wire.disk,
    providerId: wire.provider_id,
    revocable: wire.revocable !== undefined,
    shared: wire.shared !== undefined,
  };
  if (wire.disk !== undefined && wire.name !== "disk") {
    throw new ResourcesInvalid(`resource ${wire.name} has disk information; only disk may`);
  }
  if (wire.shared !== undefined && wire.disk?.persistence === undefined) {
    throw new ResourcesInvalid(`${wire.name}: only persistent volumes can be shared`);
  }
  if (wire.revocable !== undefined && identity.reservations.length > 0) {
    throw new ResourcesInvalid(`${wire.name}: what is revocable can't be reserved`);
  }
  return makeEntry(identity, amountOf(wire));
}

function reservationsOf(wire: Resource): readonly ResourceReservationInfo[] {
  const stack = stackOf(wire);
  const long = stack.find(({ role = "" }) => role.length > roleLengthMax);
  if (long === undefined) return stack;
  throw new ResourcesInvalid(
    `${wire.name}: a role of ${long.role?.length} characters is too long; ${roleLengthMax} are allowed`,
  );
}

function stackOf(wire: Resource): readonly ResourceReservationInfo[] {
  const stack = wire.reservations ?? [];
  const role = wire.role ?? "*";
  if (stack.length > 0) {
    checkStack(wire.name, stack);
    const top = stack.at(-1)?.role;
    // Answers of endpoints say it in both formats; what was copied from there is understood.
    if ((wire.reservation !== undefined || role !== "*") && role !== top)
      throw new ResourcesInvalid(`${wire.name}: role ${role} and reservations for ${top} contradict`);
    return stack;
  }
  if (wire.reservation !== undefined) {
    if (role === "*") throw new ResourcesInvalid(`${wire.name}: a reservation for role * is not possible`);
    return [{ ...wire.reservation, type: "DYNAMIC", role }];
  }
  return role === "*" ? [] : [{ type: "STATIC", role }];
}

/** Each role strictly below the one before it; only the first may be static; never `*`. */
function checkStack(name: string, stack: readonly ResourceReservationInfo[]): void {
  for (const [index, { type, role }] of stack.entries()) {
    if (role === undefined || role === "*")
      throw new ResourcesInvalid(`${name}: a reservation wants a role other than *`);
    if (index === 0) continue;
    if (type === "STATIC") throw new ResourcesInvalid(`${name}: only the first reservation may be static`);
    const above = stack[index - 1]?.role ?? "";
    if (!role.startsWith(`${above}/`))
      throw new ResourcesInvalid(`${name}: reservation for ${role} is not below ${above}`);
  }
}

function amountOf(wire: Resource): Amount {
  switch (wire.type) {
    case "SCALAR":
      return scalarAmount(wire.name, wire.scalar?.value);
    case "RANGES":
      return rangesAmount(checkedRanges(wire.name, wire.ranges?.range ?? []));
    case "SET":
      return { kind: "set", items: new Set(wire.set?.item ?? []) };
    default:
      throw new ResourcesInvalid(`${wire.name}: a resource is a scalar, ranges or a set, not ${wire.type}`);
  }
}

function scalarAmount(name: string, value: number | undefined): Amount {
  if (value === undefined || !Number.isFinite(value))
    throw new ResourcesInvalid(`${name}: ${value ?? "no value"} is not a number`);
  if (value < 0) throw new ResourcesInvalid(`${name}: ${value} is negative`);
  if (value > scalarMax) throw new ResourcesInvalid(`${name}: ${value} is too large`);
  const millis = Math.round(value * 1000);
  if (name === "gpus" && millis % 1000 !== 0)
    throw new ResourcesInvalid(`gpus: ${value} is not a whole number`);
  return { kind: "scalar", millis };
}

function checkedRanges(name: string, ranges: readonly Range[]): readonly Range[] {
  if (ranges.length > rangesMax) throw new ResourcesInvalid(`${name}: ${ranges.length} ranges are too many`);
  for (const { begin, end } of ranges) {
    if (!Number.isSafeInteger(begin) || !Number.isSafeInteger(end) || begin < 0) {
      throw new ResourcesInvalid(`${name}: ${begin}-${end} is not a range of whole numbers`);
    }
    if (begin > end) throw new ResourcesInvalid(`${name}: range ${begin}-${end} is the wrong way round`);
    if (name === "ports" && end > portMax) throw new ResourcesInvalid(`ports: ${end} is above ${portMax}`);
  }
  return ranges;
}

/**
 * From a flag: `cpus:4;mem:2048;disk(role):100;ports:[31000-32000];names:{a,b}`, or a JSON array of wire resources.
 * Source: Mesos agent flag `--resources`.
 */
export function parseResourcesText(text: string, defaultRole = "*"): Resources {
  const trimmed = text.trim();
  if (trimmed.startsWith("[") && trimmed.endsWith("]"))
    return parseResources(parseJson(trimmed).map((each) => ofRole(each, defaultRole)));
  const wire = trimmed
    .split(";")
    .map((part) => part.trim())
    .filter((part) => part !== "")
    .map((part) => parsePart(part, defaultRole));
  return parseResources(wire);
}

function parseJson(text: string): readonly Resource[] {
  let list: readonly unknown[];
  try {
    list = JSON.parse(text) as readonly unknown[];
  } catch (error) {
    throw new ResourcesInvalid(
      `resources are not JSON: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
  return list.map((each, index) => {
    try {
      return decodeMessage("Resource", each);
    } catch (error) {
      if (error instanceof MessageInvalid) throw new ResourcesInvalid(`[${index}].${error.message}`);
      throw error;
    }
  });
}

/** What names no role is of this one, as in the short form. */
function ofRole(resource: Resource, role: string): Resource {
  const isReserved = resource.reservation !== undefined || resource.reservations !== undefined;
  return isReserved || resource.role !== undefined ? resource : { ...resource, role };
}

function parsePart(part: string, defaultRole: string): Resource {
  const match = /^([\w.-]+)(?:\(([^)]+)\))?\s*:\s*(.+)$/.exec(part);
  if (match === null) throw new ResourcesInvalid(`"${part}" is not name:value or name(role):value`);
  const [, name = "", role = defaultRole, value = ""] = match;
  if (value.startsWith("["))
    return { name, role, type: "RANGES", ranges: { range: parseRangesText(part, value) } };
  if (value.startsWith("{")) {
    const item = value
      .replace(/^\{|\}$/g, "")
      .split(",")
      .map((each) => each.trim());
    return { name, role, type: "SET", set: { item: item.filter((each) => each !== "") } };
  }
  const scalar = Number(value);
  if (Number.isNaN(scalar)) throw new ResourcesInvalid(`"${part}": ${value} is not a number`);
  return { name, role, type: "SCALAR", scalar: { value: scalar } };
}

function parseRangesText(part: string, text: string): readonly Range[] {
  return text
    .replace(/^\[|\]$/g, "")
    .split(",")
    .map((each) => {
      const match = /^\s*(\d+)\s*-\s*(\d+)\s*$/.exec(each);
      if (match === null)
        throw new ResourcesInvalid(`"${part}": "${each.trim()}" is not a range such as 31000-32000`);
      return { begin: Number(match[1]), end: Number(match[2]) };
    });
}
