import type { CommandWords, FlagWords, Vocabulary } from './vocabulary.ts'

/** A script for fish, to be sourced: `millrace completion fish | source`. */
export function fishCompletion({ commands }: Vocabulary): string {
  const lines = commands.flatMap((command) => [
    `complete -c millrace -n __fish_use_subcommand -f -a ${command.name} -d ${quoted(command.summary)}`,
    ...operandLines(command),
    ...command.flags.map((flag) => flagLine(command.name, flag)),
  ])
  return ['# Completion of millrace for fish: millrace completion fish | source', ...lines, ''].join('\n')
}

function operandLines({ name, operands, takesFile }: CommandWords): string[] {
  if (takesFile) return []
  const words = operands.length === 0 ? '' : ` -a ${quoted(operands.join(' '))}`
  return [`complete -c millrace -n '__fish_seen_subcommand_from ${name}' -f${words}`]
}

function flagLine(name: string, { flag, summary, takesValue, choices }: FlagWords): string {
  const value = !takesValue ? '' : choices.length === 0 ? ' -r -F' : ` -x -a ${quoted(choices.join(' '))}`
  return `complete -c millrace -n '__fish_seen_subcommand_from ${name}' -l ${flag.slice(2)}${value} -d ${quoted(summary)}`
}

function quoted(text: string): string {
  return `'${text.replaceAll(/['\\]/g, String.raw`\$&`)}'`
}
