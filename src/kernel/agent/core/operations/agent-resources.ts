/**
 * What this agent has: what it was started with, changed by the reservations and volumes that operations made.
 *
 * Invariants: a change is on the disk before anybody hears of it; a volume's directory is made once, is never used for
 * another volume, and is removed only after its volume was destroyed.
 *
 * The obvious name of a directory, by role and id, would be the same for a volume that is created again while the old
 * one is still being removed, also by an agent that died in between. So each volume has a directory of its own.
 * Source: contract mesos.md sections 4.6 and 5.6.
 */
import type { OfferOperation, Resource } from "#contracts/kernel/messages.gen.ts";
import {
  asStarted,
  conversionOf,
  converted,
  type Entry,
  parseResources,
  Resources,
  ResourcesInvalid,
  roleOf,
  toRemember,
} from "#domain/resources/index.ts";
import type { Random } from "#foundation/base/random.ts";
import type { VolumeMount } from "#kernel/containerizer/driver.ts";
import type { AgentFacts } from "../policy.ts";
import type { Step } from "../step.ts";
import { recordKeys } from "../task-run.ts";
import { isPathSafe } from "../unsupported.ts";

/** Dynamically reserved resources and persistent volumes. */
export interface ResourcesRecord {
  readonly formatVersion: 1;
  readonly resources: readonly Resource[];
}

export interface VolumeRecord {
  readonly formatVersion: 1;
  readonly role: string;
  readonly id: string;
  /** Absolute. */
  readonly directory: string;
  /** The directory was there once; when it is missing now, its data is lost and no task may start on it. */
  readonly isMade: boolean;
}

/** A directory whose volume was destroyed. */
export interface RemovalRecord {
  readonly formatVersion: 1;
  readonly directory: string;
}

export interface HoldingRecords {
  readonly resources: ResourcesRecord | undefined;
  readonly volumes: readonly VolumeRecord[];
  readonly removals: readonly { readonly removalId: string; readonly record: RemovalRecord }[];
}

export type Applied =
  | { readonly kind: "applied"; readonly converted: Resources }
  | { readonly kind: "refused"; readonly problem: string };

const volumeKey = (role: string, id: string): string =>
  `${encodeURIComponent(role)}/${encodeURIComponent(id)}`;

export class AgentResources {
  readonly #facts: AgentFacts;
  readonly #random: Random;
  readonly #volumes = new Map<string, VolumeRecord>();
  readonly #removals = new Map<string, RemovalRecord>();
  #total: Resources;

  constructor(facts: AgentFacts, random: Random) {
    this.#facts = facts;
    this.#random = random;
    this.#total = parseResources(facts.resources);
  }

  get total(): Resources {
    return this.#total;
  }

  /** Takes up what a former life wrote. Answers a sentence when this agent cannot go on with it. */
  restore({ resources, volumes, removals }: HoldingRecords): string | undefined {
    for (const volume of volumes) this.#volumes.set(volumeKey(volume.role, volume.id), volume);
    for (const { removalId, record } of removals) this.#removals.set(removalId, record);
    if (resources === undefined) return undefined;
    const remembered = parseResources(resources.resources);
    const base = asStarted(remembered);
    if (!this.#total.contains(base))
      return (
        `this agent holds reservations and volumes of ${remembered}, but was started with ${this.#total}; start it ` +
        `with resources that contain ${base}, or remove ${this.#facts.dataDir} and lose its reservations and volumes`
      );
    this.#total = this.#total.minus(base).plus(remembered);
    const lost = this.#total.volumes().find((entry) => this.#volumeOf(entry) === undefined);
    return lost === undefined
      ? undefined
      : `the record of volume ${lost.disk?.persistence?.id ?? ""} is missing; restore the agent's data`;
  }

  /** Disk work that the former life may not have finished. */
  resume(step: Step): void {
    for (const [removalId, { directory }] of this.#removals)
      step.emit({ kind: "removeVolume", removalId, directory });
    for (const volume of this.#volumes.values()) if (!volume.isMade) this.#make(step, volume);
  }

  /** `used`: what tasks hold. */
  apply(step: Step, operation: OfferOperation, used: Resources): Applied {
    try {
      const conversion = conversionOf(operation);
      const free = this.#total.freeBeside(used);
      const inUse = conversion.consumed.shared().entries.some(({ key }) => holds(used, key));
      if (free === undefined || inUse || !free.contains(conversion.consumed))
        return refused(`this agent does not have ${conversion.consumed} free`);
      const unusable = conversion.converted
        .volumes()
        .find((entry) => this.#directoryFor(entry) === undefined);
      if (unusable !== undefined)
        return refused(`a volume of ${String(Resources.of([unusable]))} can't be made here`);
      this.#total = converted(this.#total, conversion) ?? this.#total;
      this.#settle(step, conversion.consumed.volumes(), conversion.converted.volumes());
      const record: ResourcesRecord = { formatVersion: 1, resources: toRemember(this.#total).toWire() };
      step.put(recordKeys.resources, record);
      return { kind: "applied", converted: conversion.converted };
    } catch (error) {
      if (error instanceof ResourcesInvalid) return refused(error.message);
      throw error;
    }
  }

  /** Where the volumes among a task's resources are, and where it wants them. */
  mounts(resources: Resources): readonly VolumeMount[] {
    return resources.volumes().flatMap((entry) => {
      const volume = this.#volumeOf(entry);
      const containerPath = entry.disk?.volume?.container_path;
      return volume === undefined || containerPath === undefined
        ? []
        : [{ directory: volume.directory, containerPath }];
    });
  }

  volumeMade(step: Step, directory: string, failure: string | undefined): void {
    if (failure !== undefined) {
      step.log("error", "volume.makeFailed", { directory, failure });
      return;
    }
    for (const [key, volume] of this.#volumes) {
      if (volume.directory !== directory || volume.isMade) continue;
      const made = { ...volume, isMade: true };
      this.#volumes.set(key, made);
      step.put(recordKeys.volume(key), made);
    }
  }

  /** What could not be removed is tried again when the agent starts. */
  volumeRemoved(step: Step, removalId: string, failure: string | undefined): void {
    if (failure !== undefined) {
      step.log("error", "volume.removeFailed", {
        directory: this.#removals.get(removalId)?.directory,
        failure,
      });
      return;
    }
    if (this.#removals.delete(removalId)) step.delete(recordKeys.removal(removalId));
  }

  check(used: Resources): readonly string[] {
    const problems: string[] = [];
    if (this.#total.freeBeside(used) === undefined)
      problems.push(`tasks use ${used}, more than ${this.#total}`);
    const volumes = this.#total.volumes();
    for (const entry of volumes)
      if (this.#volumeOf(entry) === undefined) problems.push(`volume ${entry.key} has no directory`);
    if (volumes.length !== this.#volumes.size)
      problems.push(`${this.#volumes.size} directories for ${volumes.length} volumes`);
    const directories = [...this.#volumes.values(), ...this.#removals.values()].map(
      ({ directory }) => directory,
    );
    if (new Set(directories).size < directories.length) problems.push("a directory belongs to two volumes");
    return problems;
  }

  #volumeOf(entry: Entry): VolumeRecord | undefined {
    return this.#volumes.get(volumeKey(roleOf(entry), entry.disk?.persistence?.id ?? ""));
  }

  /** Directories of volumes that came or went; one that grew or shrank keeps its own. */
  #settle(step: Step, gone: readonly Entry[], come: readonly Entry[]): void {
    const keyOf = (entry: Entry): string => volumeKey(roleOf(entry), entry.disk?.persistence?.id ?? "");
    const stays = new Set(come.map(keyOf));
    for (const entry of gone) {
      const key = keyOf(entry);
      const volume = this.#volumes.get(key);
      if (stays.has(key) || volume === undefined) continue;
      const removalId = this.#random.uuid();
      const record: RemovalRecord = { formatVersion: 1, directory: volume.directory };
      this.#volumes.delete(key);
      this.#removals.set(removalId, record);
      step.delete(recordKeys.volume(key));
      step.put(recordKeys.removal(removalId), record);
      step.emit({ kind: "removeVolume", removalId, directory: volume.directory });
    }
    for (const entry of come) {
      const key = keyOf(entry);
      const directory = this.#directoryFor(entry);
      if (this.#volumes.has(key) || directory === undefined) continue;
      const record: VolumeRecord = {
        formatVersion: 1,
        role: roleOf(entry),
        id: entry.disk?.persistence?.id ?? "",
        directory: `${directory}/${this.#random.uuid()}`,
        isMade: false,
      };
      this.#volumes.set(key, record);
      step.put(recordKeys.volume(key), record);
      this.#make(step, record);
    }
  }

  #make(step: Step, { directory }: VolumeRecord): void {
    step.emit({ kind: "makeVolume", directory });
  }

  /** Undefined for what no directory can stand for. */
  #directoryFor(entry: Entry): string | undefined {
    const id = entry.disk?.persistence?.id ?? "";
    const base = this.#baseOf(entry);
    return base === undefined || !isPathSafe(id)
      ? undefined
      : `${base}/volumes/roles/${encodeURIComponent(roleOf(entry))}/${id}`;
  }

  #baseOf({ disk }: Entry): string | undefined {
    const { workDir } = this.#facts;
    const source = disk?.source;
    if (source === undefined) return workDir;
    const root =
      source.type === "PATH" ? source.path?.root : source.type === "MOUNT" ? source.mount?.root : undefined;
    if (root === undefined || root === "" || root.split("/").includes("..")) return undefined;
    return root.startsWith("/") ? root : `${workDir}/${root}`;
  }
}

const holds = (resources: Resources, key: string): boolean =>
  resources.entries.some((entry) => entry.key === key);

const refused = (problem: string): Applied => ({ kind: "refused", problem });
