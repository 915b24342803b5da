/**
 * The process that fetches for one launch, or one file for the cache. It reads a request from its standard input, becomes the task's user
 * before it touches network or disk, and ends with 0, or with 1 and the reason on standard error. It ends at
 * once when its input does: nobody waits any more.
 */
import { downloadInto } from "./download.ts";
import { fetchAll } from "./fetch.ts";
import type { DownloadRequest, FetchRequest } from "./request.ts";

let received = "";
let begun = false;
process.stdin.setEncoding("utf8");
process.stdin.on("data", (text: string) => {
  received += text;
  const end = received.indexOf("\n");
  if (begun || end < 0) return;
  begun = true;
  // Written by `run-fetcher.ts` alone.
  void run(JSON.parse(received.slice(0, end)) as FetchRequest | DownloadRequest);
});
process.stdin.on("end", () => process.exit(2));

async function run(request: FetchRequest | DownloadRequest): Promise<void> {
  try {
    if (request.account !== undefined) {
      process.setgroups?.([...request.account.groups]);
      process.setgid?.(request.account.gid);
      process.setuid?.(request.account.uid);
    }
    process.umask(0o022);
    if ("download" in request) await downloadInto(1, request.download, request.limits);
    else await fetchAll(request);
    process.exit(0);
  } catch (error) {
    const text = error instanceof Error ? error.message : String(error);
    process.stderr.write(text, () => process.exit(1));
  }
}
