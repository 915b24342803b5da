/** Agents by their pid (`slave(1)@host:port`), so that one that comes need not be compared with all others. */
export class AgentPids {
  /** More than one while two agents say the same: the later of them was known under another pid before. */
  readonly #ids = new Map<string, Set<string>>();

  at(pid: string): readonly string[] {
    return [...(this.#ids.get(pid) ?? [])];
  }

  add(pid: string, agentId: string): void {
    const ids = this.#ids.get(pid);
    if (ids === undefined) this.#ids.set(pid, new Set([agentId]));
    else ids.add(agentId);
  }

  remove(pid: string, agentId: string): void {
    const ids = this.#ids.get(pid);
    ids?.delete(agentId);
    if (ids?.size === 0) this.#ids.delete(pid);
  }
}
