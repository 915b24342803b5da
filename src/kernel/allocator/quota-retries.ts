/**
 * What quota kept from being granted, and when to try again.
 *
 * A run tries only what changed. When a limit or the headroom for guarantees kept something back, the change that
 * makes it grantable happens elsewhere: the role gives something back on another agent, or headroom grows. So agents
 * and roles that were cut short are noted here, and come out again when there may be more for them.
 */
export class QuotaRetries {
  readonly #heldBack = new Set<string>();
  readonly #limited = new Set<string>();
  readonly #freedRoles = new Set<string>();
  #surplusGrew = false;

  /** Something on the agent stayed free for guarantees. */
  heldBack(agentId: string): void {
    this.#heldBack.add(agentId);
  }

  /** The role's limit took something off. */
  limited(topRole: string): void {
    this.#limited.add(topRole);
  }

  /** A framework of the role gave something back. */
  released(topRole: string): void {
    if (this.#limited.has(topRole)) this.#freedRoles.add(topRole);
    this.surplusGrew();
  }

  surplusGrew(): void {
    if (this.#heldBack.size > 0) this.#surplusGrew = true;
  }

  /** Agents came or went, and with them reservations and what was held: any limit may leave more room. */
  agentsChanged(): void {
    this.surplusGrew();
    for (const role of this.#limited) this.#freedRoles.add(role);
  }

  /** The role is tried with every agent, whatever was noted. */
  retryRole(topRole: string): void {
    this.#freedRoles.add(topRole);
  }

  forgetAgent(agentId: string): void {
    this.#heldBack.delete(agentId);
  }

  get isDue(): boolean {
    return this.#surplusGrew || this.#freedRoles.size > 0;
  }

  take(): { readonly agents: readonly string[]; readonly roles: readonly string[] } {
    const agents = this.#surplusGrew ? [...this.#heldBack] : [];
    const roles = [...this.#freedRoles];
    if (this.#surplusGrew) this.#heldBack.clear();
    for (const role of roles) this.#limited.delete(role);
    this.#surplusGrew = false;
    this.#freedRoles.clear();
    return { agents, roles };
  }
}
