export interface Machine {
  readonly name: string;
  /** Of its own: the master takes two agents at one address for one. */
  readonly ip: string;
  /** How often it was started. */
  boots: number;
  readonly cpus: number;
  readonly memMib: number;
  /** Part of the above that only one role may have. */
  readonly reserved?: { readonly role: string; readonly cpus: number; readonly memMib: number };
  /** Disks of other types beside its own. */
  readonly hasDisks?: true;
  /** Besides the above, lent until the machine is too busy. */
  readonly lentCpus?: number;
}
