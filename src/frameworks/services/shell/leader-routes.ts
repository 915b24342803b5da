/** `/v2/leader`: who leads, and giving up the lead, with a backup made before or put in place after. */
import { copyFile, rename } from "node:fs/promises";
import { ArgumentInvalid } from "#domain/definitions/index.ts";
import { errorMessage } from "#foundation/base/errors.ts";
import { type HttpServer, json } from "#foundation/http/index.ts";
import type { StoredRecord } from "../core/index.ts";
import { guarded } from "./app-routes.ts";
import { backupFile, readBackup, writeBackup } from "./backup.ts";
import { demandLeader } from "./sight.ts";

export interface LeaderContext {
  readonly leader: string;
  /** What is durable now. */
  readonly records: () => Promise<readonly StoredRecord[]>;
  /** Throws what these records can't be taken for. */
  readonly tryRecords: (records: readonly StoredRecord[]) => void;
  /** Where a backup lies that the next start puts in place. */
  readonly restoreFile: string;
  /** No other process may lead next: it would not have that file. */
  readonly mayRestore: boolean;
  /** Ends this process, which is started again. */
  readonly abdicate: () => Promise<void>;
}

/** As long as the original waits, so that the answer arrives. */
const abdicationMs = 500;

export function addLeaderRoutes(server: HttpServer, context: LeaderContext): void {
  server.route({
    method: "GET",
    path: "/v2/leader",
    handler: guarded(() => json({ leader: context.leader })),
  });
  server.route({
    method: "DELETE",
    path: "/v2/leader",
    handler: guarded(async ({ query }) => {
      demandLeader();
      const [backup, restore] = [query.get("backup"), query.get("restore")];
      const target = backup === null ? undefined : backupFile("backup", backup);
      const source = restore === null ? undefined : backupFile("restore", restore);
      if (source !== undefined && !context.mayRestore)
        throw new ArgumentInvalid(
          "restore: not where several processes are started (--zk), since another one leads next; start Services without --zk, restore, and move its definitions",
        );
      if (source !== undefined) judge(source, await readBackup(source), context);
      if (target !== undefined) await writeBackup(target, await context.records());
      if (source !== undefined) {
        await copyFile(source, `${context.restoreFile}.part`);
        await rename(`${context.restoreFile}.part`, context.restoreFile);
      }
      setTimeout(() => void context.abdicate(), abdicationMs);
      return json({ message: "Leadership abdicated" });
    }),
  });
}

/** Throws `ArgumentInvalid`: what can't be started from must not be put in place. */
function judge(
  source: string,
  records: readonly StoredRecord[],
  { tryRecords }: Pick<LeaderContext, "tryRecords">,
): void {
  try {
    tryRecords(records);
  } catch (error) {
    throw new ArgumentInvalid(`restore: ${source} is no backup of this version: ${errorMessage(error)}`);
  }
}
