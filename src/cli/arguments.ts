import { parseArgs } from 'node:util'
import { closestName } from '../core/closest-name.ts'
import { ConfigError } from '../core/errors.ts'
import { type OptionRule, resolveOptions } from '../core/options.ts'
import type { Command, ListedCommand } from './command.ts'

/** The command that is meant by the first word. */
export function findCommand(commands: readonly ListedCommand[], name: string): ListedCommand {
  const found = commands.find((command) => command.name === name)
  if (found !== undefined) return found
  const meant = closestName(name, ['help', ...commands.map((command) => command.name)])
  const advice = meant === undefined ? 'see millrace --help' : `did you mean ${meant}?`
  throw new ConfigError('CONFIG_UNKNOWN_COMMAND', `${name} is not a command; ${advice}`, { name })
}

/**
 * Reads what follows a command's name.
 *
 * @throws ConfigError `CONFIG_UNKNOWN_OPTION`, `CONFIG_INVALID_VALUE`, `CONFIG_MISSING_VALUE`,
 * `CONFIG_INVALID_OPERANDS`
 */
export function parseCall(name: string, command: Command, words: readonly string[]) {
  const flags = Object.values<OptionRule>(command.options).flatMap((rule) =>
    rule.flag ? [[rule.flag.slice(2), rule] as const] : [],
  )
  const known = Object.fromEntries(
    flags.map(([name, { type }]) => [name, { type: type === 'boolean' ? ('boolean' as const) : ('string' as const) }]),
  )
  const parsed = parseArgs({ args: [...words], options: known, allowPositionals: true, strict: false, tokens: true })
  const { values, positionals, tokens } = parsed
  for (const token of tokens) {
    if (token.kind !== 'option') continue
    if (!token.rawName.startsWith('--')) throw noFlag(name, token.rawName)
    if (known[token.name]?.type === 'string') checkValue(token, known)
  }
  const options = resolveOptions(command.options, {
    flags: Object.fromEntries(Object.entries(values).map(([name, value]) => [`--${name}`, value as string | boolean])),
    env: process.env,
  })
  if (positionals.length !== command.operands.length) {
    const wanted = command.operands.length === 0 ? 'none' : command.operands.map((word) => `<${word}>`).join(' ')
    const found = positionals.length === 0 ? 'which is missing' : `not "${positionals.join(' ')}"`
    throw new ConfigError('CONFIG_INVALID_OPERANDS', `${name} takes ${wanted}, ${found}`, { command: name })
  }
  return { options, operands: positionals }
}

/** Of a word that begins with one hyphen, such as a merge key below zero. */
function noFlag(name: string, word: string): ConfigError {
  const advice = `flags begin with "--", and what is none and begins with "-" comes last, after "--"`
  return new ConfigError('CONFIG_UNKNOWN_OPTION', `${word} is not a flag of ${name}; ${advice}`, { name: word })
}

/** Fails for a flag that is followed by another one, or by nothing, where it needs a value. */
function checkValue(
  { rawName, value, inlineValue }: { rawName: string; value?: string | undefined; inlineValue?: boolean | undefined },
  known: Readonly<Record<string, unknown>>,
): void {
  const isFlag =
    value !== undefined &&
    inlineValue !== true &&
    value.startsWith('--') &&
    Object.hasOwn(known, value.slice(2).split('=')[0]!)
  if (value !== undefined && !isFlag) return
  const found = isFlag ? `, and is followed by ${value}` : ', and nothing follows'
  throw new ConfigError('CONFIG_INVALID_VALUE', `${rawName} needs a value${found}`, { name: rawName })
}
