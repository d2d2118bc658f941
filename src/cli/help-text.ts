import { describeRule, type OptionRule } from '../core/options.ts'
import type { Command, ExampleValue, ListedCommand } from './command.ts'
import { wrapped } from './wrapped.ts'

const optionIndent = '  '
const docIndent = '      '

/** Makes a heading of a text. */
type Heading = (text: string) => string

/** What a command is for, how it is called, the options that are used most with an example each, and all the others. */
export function helpFor({ name, summary }: ListedCommand, command: Command, heading: Heading): string {
  const { usual, operands, example } = command
  const rules = Object.entries<OptionRule>(command.options).filter(([, { flag }]) => flag !== undefined)
  const mostUsed = Object.entries(usual).flatMap(([option, value]) =>
    rules.flatMap(([each, rule]) => (each === option ? [optionText(rule, value)] : [])),
  )
  const others = rules.flatMap(([option, rule]) => (option in usual ? [] : [optionText(rule)]))
  const usage = ['millrace', name, ...operands.map((operand) => `<${operand}>`), '[options]'].join(' ')
  return [
    wrapped(summary),
    '',
    `${heading('usage:')} ${usage}`,
    `${heading('example:')} millrace ${name} ${example}`,
    ...section('used most', mostUsed, heading),
    ...section('options', others, heading),
  ].join('\n')
}

/** All commands, with what each is for. */
export function helpForAll(commands: readonly ListedCommand[], heading: Heading): string {
  const width = Math.max(...commands.map(({ name }) => name.length))
  const left = ' '.repeat(width + 4)
  return [
    'Correlates streams on Kafka: parts of one thing in, one merged record out.',
    '',
    `${heading('usage:')} millrace <command> [options]`,
    '',
    ...commands.map(({ name, summary }) => wrapped(summary, left, `  ${name.padEnd(width)}  `)),
    '',
    wrapped(
      'millrace help <command> or <command> -h tells its options, millrace -v its version; millrace completion <shell> has a shell complete all of them.',
    ),
    '',
    wrapped(
      'exit codes: 0 done, 1 failed or found wrong, 2 not understood, 3 not wrong but not done, 130 ended at once by a second signal',
    ),
  ].join('\n')
}

function section(title: string, lines: readonly string[], heading: Heading): string[] {
  return lines.length === 0 ? [] : ['', heading(title), ...lines]
}

/** @param value - Shown with the flag, as an example. */
function optionText(rule: OptionRule, value?: ExampleValue): string {
  const flag = value === undefined || value === true ? rule.flag! : `${rule.flag!} ${String(value)}`
  const standard = rule.default !== undefined ? `default ${rule.default}` : rule.optional ? 'optional' : 'required'
  const facts = [describeRule(rule), standard, ...(rule.env ? [rule.env] : [])].join('; ')
  return `${optionIndent}${flag}\n${wrapped(`${rule.doc} (${facts})`, docIndent)}`
}
