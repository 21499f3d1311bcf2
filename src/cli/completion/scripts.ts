import { print } from '../output.js';

/** Each asks `rawbpf complete` at every Tab: a line for a candidate, a tab and its description after it, and `:files` where a path may stand, too. */
const scripts = {
  bash: `_rawbpf() {
  local word=\${COMP_WORDS[COMP_CWORD]} line
  COMPREPLY=()
  while IFS= read -r line; do
    if [[ $line == :files ]]; then
      compopt -o filenames 2> /dev/null
      while IFS= read -r line; do COMPREPLY+=("$line"); done < <(compgen -f -- "$word")
    else
      COMPREPLY+=("\${line%%$'\\t'*}")
    fi
  done < <(rawbpf complete -- "\${COMP_WORDS[@]:1:COMP_CWORD}" 2> /dev/null)
}
complete -F _rawbpf rawbpf`,

  zsh: `#compdef rawbpf
_rawbpf() {
  local line files
  local -a described
  while IFS= read -r line; do
    if [[ $line == :files ]]; then
      files=1
    else
      described+=("\${\${line%%$'\\t'*}//:/\\\\:}:\${line#*$'\\t'}")
    fi
  done < <(rawbpf complete -- "\${(@)words[2,CURRENT]}" 2> /dev/null)
  (( $#described )) && _describe -V rawbpf described
  [[ -n $files ]] && _files
}
if [[ \${funcstack[1]} == _rawbpf ]]; then
  _rawbpf
else
  compdef _rawbpf rawbpf
fi`,

  fish: `function __rawbpf_complete
  set -l before (commandline -opc)
  set -l word (commandline -ct)
  for line in (rawbpf complete -- $before[2..] "$word" 2> /dev/null)
    if test "$line" = :files
      __fish_complete_path "$word"
    else
      echo $line
    end
  end
end
complete -c rawbpf -f -a '(__rawbpf_complete)'`,
} as const;

/** `rawbpf completion SHELL` */
export async function printScript(shell: keyof typeof scripts): Promise<void> {
  await print(scripts[shell]);
}
