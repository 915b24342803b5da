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

  /** A framework of the role gave something back, and now it may have less than it is guaranteed. */
  released(topRole: string, { isStarving }: { readonly isStarving: boolean }): void {
    if (isStarving || this.#limited.has(topRole)) this.#freedRoles.add(topRole);
    this.#noteSurplus();
  }

  /** Agents or quota changed, and with them reservations and what is held: any limit may leave more room. */
  everythingMoved(starving: Iterable<string>): void {
    this.#noteSurplus();
    for (const role of this.#limited) this.#freedRoles.add(role);
    for (const role of starving) this.#freedRoles.add(role);
  }

  #noteSurplus(): void {
    if (this.#heldBack.size > 0) this.#surplusGrew = true;
  }

  /** Agents wait on until headroom grows again. */
  surplusIsUsed(): void {
    this.#surplusGrew = false;
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

  /** Roles to try with every agent. */
  takeRoles(): readonly string[] {
    const roles = [...this.#freedRoles];
    for (const role of roles) this.#limited.delete(role);
    this.#freedRoles.clear();
    return roles;
  }

  /** If headroom grew: agents that were held back, those that wait longest first, for as long as the caller goes on. */
  *takeAgents(): Generator<string> {
    if (!this.#surplusGrew) return;
    this.#surplusGrew = false;
    // An agent that is held back again goes to the end, behind those of this round.
    let left = this.#heldBack.size;
    for (const agentId of this.#heldBack) {
      if (left === 0) return;
      left -= 1;
      this.#heldBack.delete(agentId);
      yield agentId;
    }
  }
}
