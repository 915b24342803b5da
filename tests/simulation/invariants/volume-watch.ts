import type { SchedulerCall } from "#contracts/kernel/messages.gen.ts";
import type { Tell } from "./sentences.ts";

/**
 * Invariant 10: directories of volumes on the disks of machines, which power losses do not touch. A task finds the
 * directory it was promised, alone in it, and none is removed but those whose volume somebody destroyed.
 */
export class VolumeWatch {
  readonly #tell: Tell;
  readonly #folders = new Map<string, Set<string>>();
  /** Ids of volumes that some framework wanted destroyed. */
  readonly #destroyed = new Set<string>();

  constructor(tell: Tell) {
    this.#tell = tell;
  }

  asked({ accept }: SchedulerCall): void {
    for (const { destroy } of accept?.operations ?? [])
      for (const { disk } of destroy?.volumes ?? []) this.#destroyed.add(disk?.persistence?.id ?? "");
  }

  made(machine: string, directory: string): void {
    this.#of(machine).add(directory);
  }

  /** `users`: tasks that run with it. */
  removed(machine: string, directory: string, users: readonly string[]): void {
    const id = directory.split("/").at(-2) ?? "";
    if (!this.#destroyed.has(id))
      this.#tell("volumes", `${directory} of ${machine} is lost: nobody destroyed it`);
    for (const taskId of users)
      this.#tell("volumes", `${directory} of ${machine} goes while ${taskId} runs with it`);
    this.#of(machine).delete(directory);
  }

  launched(machine: string, taskId: string, directory: string, users: readonly string[]): void {
    if (!this.#of(machine).has(directory))
      this.#tell("volumes", `${taskId} of ${machine} is promised ${directory}, which is not there`);
    for (const other of users)
      this.#tell("volumes", `${taskId} and ${other} of ${machine} run with one volume, ${directory}`);
  }

  folders(machine: string): number {
    return this.#of(machine).size;
  }

  #of(machine: string): Set<string> {
    const known = this.#folders.get(machine) ?? new Set<string>();
    this.#folders.set(machine, known);
    return known;
  }
}
