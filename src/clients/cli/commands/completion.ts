/** `keelson completion`: a script for the shell that asks this program for words; names of things come live. */
import type { Input } from "../command-line/input.ts";
import { meant, UsageError } from "../command-line/parse.ts";
import { similar } from "../command-line/similar.ts";
import type { Context } from "../context.ts";

const shells = ["bash", "zsh", "fish"] as const;

const scripts: Readonly<Record<(typeof shells)[number], string>> = {
  bash: `# Completion of keelson for bash: keelson completion bash > ~/.local/share/bash-completion/completions/keelson
_keelson() {
  local words
  mapfile -t words < <("\${COMP_WORDS[0]}" __complete -- "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
  COMPREPLY=()
  local word
  for word in "\${words[@]}"; do COMPREPLY+=("\${word%%$'\\t'*}"); done
  if ((\${#COMPREPLY[@]} == 0)); then compopt -o default; fi
}
complete -F _keelson keelson
`,
  zsh: `#compdef keelson
# Completion of keelson for zsh: keelson completion zsh > "\${fpath[1]}/_keelson"
_keelson() {
  local -a found described
  found=("\${(@f)$("\${words[1]}" __complete -- "\${(@)words[2,CURRENT]}" 2>/dev/null)}")
  local each
  for each in $found; do
    [[ -z $each ]] && continue
    described+=("\${\${each%%$'\\t'*}//:/\\\\:}:\${each#*$'\\t'}")
  done
  if ((\${#described} == 0)); then _files; else _describe keelson described; fi
}
if [ "$funcstack[1]" = "_keelson" ]; then _keelson "$@"; else compdef _keelson keelson; fi
`,
  fish: `# Completion of keelson for fish: keelson completion fish > ~/.config/fish/completions/keelson.fish
function __keelson_complete
  set -l words (commandline -opc) (commandline -ct)
  $words[1] __complete -- $words[2..-1] 2>/dev/null
end
complete -c keelson -f -a '(__keelson_complete)'
complete -c keelson -n 'string match -qr -- "-f|--file" (commandline -opc)[-1]' -F
`,
};

export async function completion(context: Context, input: Input): Promise<void> {
  const given = input.word(0);
  const shell = shells.find((one) => one === given);
  if (shell === undefined)
    throw new UsageError(
      "usage.notAChoice",
      { flag: "completion", given, choices: shells.join(", "), ...meant(similar(given, shells)) },
      input.path,
    );
  context.print(scripts[shell].trimEnd());
}
