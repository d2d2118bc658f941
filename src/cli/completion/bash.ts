import type { CommandWords, Vocabulary } from './vocabulary.ts'

/** A script for bash, to be sourced: `source <(millrace completion bash)`. */
export function bashCompletion({ commands }: Vocabulary): string {
  const names = commands.map(({ name }) => name).join(' ')
  return `# Completion of millrace for bash: source <(millrace completion bash)
_millrace() {
  local cur=\${COMP_WORDS[COMP_CWORD]} prev=\${COMP_WORDS[COMP_CWORD - 1]}
  COMPREPLY=()
  if ((COMP_CWORD == 1)); then
    COMPREPLY=($(compgen -W '${names} --help --version' -- "$cur"))
    return
  fi
  case "\${COMP_WORDS[1]} $prev" in
${commands.flatMap(valueCases).join('\n')}
  esac
  case "\${COMP_WORDS[1]}" in
${commands.map(wordCase).join('\n')}
  esac
}
complete -o default -F _millrace millrace
`
}

/** After a flag that takes a value: its choices, or a file. */
function valueCases({ name, flags }: CommandWords): string[] {
  const taking = flags.filter(({ takesValue }) => takesValue)
  const chosen = taking.filter(({ choices }) => choices.length > 0)
  const free = taking.filter(({ choices }) => choices.length === 0)
  return [
    ...chosen.map(({ flag, choices }) => `    '${name} ${flag}') ${replyOf(choices)}; return ;;`),
    ...(free.length === 0 ? [] : [`    ${free.map(({ flag }) => `'${name} ${flag}'`).join(' | ')}) return ;;`]),
  ]
}

/** Elsewhere: its flags where one begins, and what its operand may be. */
function wordCase({ name, flags, operands }: CommandWords): string {
  const others = operands.length === 0 ? '' : ` || ${replyOf(operands)}`
  return `    ${name}) [[ $cur == -* ]] && ${replyOf(flags.map(({ flag }) => flag))}${others} ;;`
}

function replyOf(words: readonly string[]): string {
  return `COMPREPLY=($(compgen -W '${words.join(' ')}' -- "$cur"))`
}
