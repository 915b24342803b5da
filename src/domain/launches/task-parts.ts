/** Parts of what a master is asked to launch, as every scheduler of ours writes them. Source: contract marathon.md section 9.1. */
import type { CommandInfo, Label, Secret, TaskInfo, Volume } from "#contracts/kernel/messages.gen.ts";

/** A file that is fetched before the task starts. */
export interface FetchedFile {
  readonly uri: string;
  readonly extract: boolean;
  readonly executable: boolean;
  readonly cache: boolean;
  readonly destPath?: string;
}

export function killPolicyOf(graceSeconds: number): Pick<TaskInfo, "kill_policy"> {
  return { kill_policy: { grace_period: { nanoseconds: Math.round(graceSeconds * 1_000) * 1_000_000 } } };
}

/** The whole argument vector; the first one is also the program. */
export function programOf(argv: readonly string[]): CommandInfo {
  const [program] = argv;
  return { shell: false, ...(program === undefined ? {} : { value: program }), arguments: argv };
}

export function urisOf(files: readonly FetchedFile[]): Pick<CommandInfo, "uris"> {
  const uris = files.map((artifact) => ({
    value: artifact.uri,
    extract: artifact.extract,
    executable: artifact.executable,
    cache: artifact.cache,
    ...(artifact.destPath === undefined ? {} : { output_file: artifact.destPath }),
  }));
  return uris.length === 0 ? {} : { uris };
}

/** A file below the sandbox. */
export function secretVolume(containerPath: string, source: string): Volume {
  return {
    mode: "RO",
    container_path: containerPath,
    source: { type: "SECRET", secret: secretOf(source) },
  };
}

/** Whose value is put in when the task is launched. */
export const secretOf = (source: string): Secret => ({ type: "REFERENCE", reference: { name: source } });

export function labelsOf(labels: { readonly [name: string]: string }): readonly Label[] {
  return Object.entries(labels).map(([key, value]) => ({ key, value }));
}
