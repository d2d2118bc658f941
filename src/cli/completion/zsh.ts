import type { CommandWords, FlagWords, Vocabulary } from './vocabulary.ts'

/** A script for zsh, to be sourced after compinit, or to stand in a folder of fpath as _millrace. */
export function zshCompletion({ commands }: Vocabulary): string {
  const described = commands.map(({ name, summary }) => quoted(`${name}:${summary.replaceAll(':', String.raw`\:`)}`))
  return `#compdef millrace
# Completion of millrace for zsh: source <(millrace completion zsh)
_millrace() {
  if ((CURRENT == 2)); then
    local -a commands=(
${described.map((each) => `      ${each}`).join('\n')}
    )
    _describe command commands
    return
  fi
  local name=$words[2]
  shift words
  ((CURRENT--))
  case $name in
${commands.map(commandCase).join('\n')}
  esac
}
compdef _millrace millrace
`
}

function commandCase({ name, flags, operands, takesFile }: CommandWords): string {
  const operand = operands.length > 0 ? [quoted(`1:operand:(${operands.join(' ')})`)] : []
  const specs = [...flags.map(flagSpec), ...operand, ...(takesFile ? [quoted('*:file:_files')] : [])]
  const lines = specs.map((spec) => `        ${spec}`).join(' \\\n')
  return `    ${name})\n      _arguments \\\n${lines} ;;`
}

function flagSpec({ flag, summary, takesValue, choices }: FlagWords): string {
  const text = summary.replaceAll(/[[\]:\\]/g, String.raw`\$&`)
  const values = choices.length > 0 ? `(${choices.join(' ')})` : '_files'
  return quoted(`${flag}[${text}]${takesValue ? `:value:${values}` : ''}`)
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", String.raw`'\''`)}'`
}
