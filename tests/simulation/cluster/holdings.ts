/** What stays reserved at the end: as much as tasks with volumes need, and not more. */
import { parseResources, Resources } from "#domain/resources/index.ts";
import type { JsonValue } from "#foundation/base/json.ts";
import type { ResourcesRecord } from "#kernel/agent/core/operations/agent-resources.ts";

export interface Holder {
  readonly machine: string;
  readonly records: ReadonlyMap<string, JsonValue>;
  /** Directories of volumes on its disk. */
  readonly folders: number;
}

export interface WantedVolumes {
  readonly volumes: number;
  /** Reserved beside them. */
  readonly cpusMillis: number;
}

export function holdingsLeft(holders: readonly Holder[], wanted: WantedVolumes): readonly string[] {
  const problems: string[] = [];
  let held = Resources.empty;
  let volumes = 0;
  for (const { machine, records, folders } of holders) {
    const resources = remembered(records);
    const disks = resources.filter(
      ({ disk }) => disk?.source !== undefined && disk.persistence === undefined,
    );
    if (!disks.isEmpty) problems.push(`${machine} keeps ${disks} reserved without a volume`);
    held = held.plus(resources.filter(({ disk }) => disk?.persistence === undefined));
    volumes += resources.volumes().length;
    if (folders !== resources.volumes().length)
      problems.push(`${machine} has ${folders} directories for ${resources.volumes().length} volumes`);
  }
  if (volumes !== wanted.volumes) problems.push(`there are ${volumes} volumes for ${wanted.volumes} tasks`);
  if (held.scalarMillis("cpus") !== wanted.cpusMillis) problems.push(`${held} stays reserved`);
  return problems;
}

/** What an agent remembers of reservations and volumes. */
function remembered(records: ReadonlyMap<string, JsonValue>): Resources {
  const record = records.get("resources/remembered") as ResourcesRecord | undefined; // the agent's own
  return parseResources(record?.resources ?? []);
}
