/** How many tasks run in the cluster, or undefined when its kernel does not answer. */
export async function runningTasks(kernelUrl: string): Promise<number | undefined> {
  try {
    const answer = await fetch(`${kernelUrl}/metrics/snapshot`, { signal: AbortSignal.timeout(2_000) });
    const metrics = (await answer.json()) as Readonly<Record<string, number>>;
    return [
      "master/tasks_staging",
      "master/tasks_starting",
      "master/tasks_running",
      "master/tasks_killing",
    ].reduce((sum, name) => sum + (metrics[name] ?? 0), 0);
  } catch {
    return undefined;
  }
}
