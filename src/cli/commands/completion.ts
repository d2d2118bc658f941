import { closestName } from '../../core/closest-name.ts'
import { ConfigError } from '../../core/errors.ts'
import { defineCommand, exitCodes, jsonOption, type ListedCommand } from '../command.ts'
import { bashCompletion } from '../completion/bash.ts'
import { fishCompletion } from '../completion/fish.ts'
import { type Vocabulary, vocabularyOf } from '../completion/vocabulary.ts'
import { zshCompletion } from '../completion/zsh.ts'

const scripts: Readonly<Record<string, (vocabulary: Vocabulary) => string>> = {
  bash: bashCompletion,
  zsh: zshCompletion,
  fish: fishCompletion,
}

/** Prints the script of a shell for these commands. */
export function completionOf(commands: readonly ListedCommand[]) {
  return defineCommand({
    operands: ['shell'],
    operandChoices: Object.keys(scripts),
    options: { ...jsonOption },
    usual: {},
    example: 'bash',
    async run({ operands, output }) {
      const shell = operands[0]!
      const scriptOf = Object.hasOwn(scripts, shell) ? scripts[shell] : undefined
      if (scriptOf === undefined) throw unknownShell(shell)
      const script = scriptOf(await vocabularyOf(commands))
      output.result({ shell, script }, script.trimEnd())
      return exitCodes.done
    },
  })
}

function unknownShell(shell: string): ConfigError {
  const known = Object.keys(scripts)
  const meant = closestName(shell, known)
  const advice = meant === undefined ? `there are ${known.join(', ')}` : `did you mean ${meant}?`
  return new ConfigError('CONFIG_INVALID_OPERANDS', `${shell} is not a shell that is known; ${advice}`, { shell })
}
