/** The command line. Every text is in the catalogue; every failure is a sentence with what to do next. */
import { runCommandLine } from "./command-line/run.ts";

// A reader that has seen enough, such as `head`, is no failure.
for (const stream of [process.stdout, process.stderr]) {
  stream.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code === "EPIPE") process.exit(0);
    throw error;
  });
}

void runCommandLine(process.argv.slice(2), process.env).then((code) => {
  process.exitCode = code;
});
