/** Ends every task of a cluster whose agents are gone, from what the agents left on disk. */
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { ContainerNetworks, createProcessDriver, PluginVolumes } from "#kernel/containerizer/index.ts";

/** Below an agent's folder. */
const runtimeFolder = "containers";
const networksFolder = "networks";
const volumesFolder = "plugin-volumes";
const endDeadlineMs = 10_000;

/** Answers how many were running. */
export async function endAllTasks(dataDir: string): Promise<number> {
  const containers = foldersOf(dataDir, runtimeFolder).flatMap((folder) =>
    readdirSync(folder).map((containerId) => ({ containerId, runtimeDir: join(folder, containerId) })),
  );
  if (containers.length === 0) return 0;
  const driver = createProcessDriver();
  const recovered = await driver.recover(containers);
  const running = recovered.filter(({ kind }) => kind === "running").map(({ containerId }) => containerId);
  const ended = new Promise<void>((resolve) => {
    const waiting = new Set(running);
    if (waiting.size === 0) resolve();
    driver.onExit(({ containerId }) => {
      waiting.delete(containerId);
      if (waiting.size === 0) resolve();
    });
  });
  let deadline: NodeJS.Timeout | undefined;
  const late = new Promise<void>((resolve) => {
    deadline = setTimeout(resolve, endDeadlineMs);
  });
  await Promise.all(running.map((containerId) => driver.destroy(containerId)));
  await Promise.race([ended, late]);
  clearTimeout(deadline);
  for (const { containerId } of containers) await driver.remove(containerId).catch(() => undefined);
  await driver.close();
  return running.length;
}

/** Interfaces, rules and mounts that agents made for containers, or had made. */
export async function leaveAllPlugins(dataDir: string): Promise<void> {
  for (const dir of foldersOf(dataDir, volumesFolder))
    await new PluginVolumes({ dir, warn: () => undefined }).removeAll();
  for (const dir of foldersOf(dataDir, networksFolder))
    await new ContainerNetworks({ dir, warn: () => undefined }).removeAll();
}

const foldersOf = (dataDir: string, folder: string): readonly string[] =>
  readdirSync(dataDir)
    .filter((name) => /^agent-\d+$/.test(name))
    .map((name) => join(dataDir, name, folder))
    .filter((path) => existsSync(path));
