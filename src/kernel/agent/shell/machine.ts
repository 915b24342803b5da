/** What this machine has, for an agent that was not told. Source: Mesos agent, resource auto-detection. */
import { readFileSync, statfsSync } from "node:fs";
import { availableParallelism, totalmem } from "node:os";
import type { Attribute, Resource } from "#contracts/kernel/messages.gen.ts";
import { parseResourcesText, Resources } from "#domain/resources/index.ts";
import { errorMessage } from "#foundation/base/errors.ts";

export interface MachineShare {
  readonly workDir: string;
  readonly agentCount: number;
  readonly index: number;
  readonly defaultRole: string;
  /** What all agents of the machine together give to tasks. */
  readonly taskPorts: PortSpan;
}

/** Both ends are in it. */
export interface PortSpan {
  readonly begin: number;
  readonly end: number;
}

const gib = 1_073_741_824;
const filePrefix = "file://";
/** Source: Mesos agent, DEFAULT_PORTS. */
export const defaultTaskPorts: PortSpan = { begin: 31_000, end: 32_000 };

/**
 * The part of `agentCount` equal ones; flags may name only some resources, the rest is found out. A disk that is named is
 * one more, beside the agent's own.
 */
export function detectResources(share: MachineShare, given: string | undefined): readonly Resource[] {
  const told =
    given === undefined ? Resources.empty : parseResourcesText(textOrFile(given), share.defaultRole);
  const names = new Set(
    told.entries.filter(({ disk }) => disk?.source === undefined).map(({ name }) => name),
  );
  const found = parseResourcesText(detectedText(share), share.defaultRole).filter(
    ({ name }) => !names.has(name),
  );
  return told.plus(found).toWire();
}

/** `file:///etc/resources.json`, or the resources themselves. */
function textOrFile(given: string): string {
  if (!given.startsWith(filePrefix)) return given;
  const path = given.slice(filePrefix.length);
  if (!path.startsWith("/"))
    throw new Error(`resources: ${given} names no absolute path, as file:///path does`);
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    throw new Error(`resources: ${path} can't be read: ${errorMessage(error)}`);
  }
}

function detectedText({ workDir, agentCount, index, taskPorts: ports }: MachineShare): string {
  const constrained = process.constrainedMemory();
  const memory = constrained > 0 ? Math.min(totalmem(), constrained) : totalmem();
  const { blocks, bsize } = statfsSync(workDir);
  const cpus = round3(availableParallelism() / agentCount);
  const mem = Math.floor(leaving(memory, gib) / agentCount / 1_048_576);
  const disk = Math.floor(leaving(blocks * bsize, 5 * gib) / agentCount / 1_048_576);
  const width = Math.floor((ports.end - ports.begin + 1) / agentCount);
  const begin = ports.begin + width * index;
  const end = index === agentCount - 1 ? ports.end : begin + width - 1;
  return `cpus:${cpus};mem:${mem};disk:${disk};ports:[${begin}-${end}]`;
}

/** All but `reserve`, or half of what is small. */
function leaving(total: number, reserve: number): number {
  return total <= 2 * reserve ? total / 2 : total - reserve;
}

const round3 = (value: number): number => Math.floor(value * 1000) / 1000;

/** `rack:a;level:3;ports:[1-2]`: numbers are scalars, brackets ranges, the rest text. Throws for what is neither. */
export function parseAttributes(text: string): readonly Attribute[] {
  return text
    .split(";")
    .map((part) => part.trim())
    .filter((part) => part !== "")
    .map(parseAttribute);
}

function parseAttribute(part: string): Attribute {
  const at = part.indexOf(":");
  const name = part.slice(0, at).trim();
  const value = part.slice(at + 1).trim();
  if (at < 1 || name === "" || value === "")
    throw new Error(`the attribute "${part}" is not of the form name:value`);
  if (/^-?\d+(\.\d+)?$/.test(value)) return { name, type: "SCALAR", scalar: { value: Number(value) } };
  if (value.startsWith("[")) {
    const [wire] = parseResourcesText(`${name}:${value}`).toWire();
    if (wire?.ranges !== undefined) return { name, type: "RANGES", ranges: wire.ranges };
  }
  return { name, type: "TEXT", text: { value } };
}

export function readBootId(): string {
  return readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
}
