import { commands } from '../src/cli/commands/index.ts'
import { describeRule, type OptionRule, type OptionTable } from '../src/core/options.ts'
import { page, paragraph, table } from './markdown.ts'

type ListedCommand = (typeof commands)[number]
type Command = Awaited<ReturnType<ListedCommand['load']>>

/** Options that several commands take, by the heading that they have in `docs/configuration.md`. */
export type SharedOptions = readonly { readonly title: string; readonly table: OptionTable }[]

const introduction = `\`npx millrace <command>\`; \`millrace help <command>\` prints what stands here, and \`millrace completion <shell>\` has a shell complete it. Errors go to standard error with their [code](errors.md). The first SIGINT or SIGTERM finishes what is under way, a second one ends at once.`

const exitCodes = `## Exit codes

| code | means |
|---|---|
| 0 | done |
| 1 | failed, or found wrong |
| 2 | not understood |
| 3 | nothing wrong, but not done: a reset, a redrive or a change of layout without \`--yes\`, an audit of records that retention has removed, a signal before \`--until-caught-up\` |
| 130 | ended at once by a second signal |
`

/** `docs/cli.md`, from the tables of the commands. */
export async function cliPage(shared: SharedOptions): Promise<string> {
  const sections = commands.map(async (listed) => section(listed, await listed.load(), shared))
  return page('Command line', introduction, [exitCodes, ...(await Promise.all(sections))])
}

/** A command with the options that are used most and those that are its own; others are told by the table they are of. */
function section({ name, summary }: ListedCommand, command: Command, shared: SharedOptions): string {
  const { options, operands, usual, example } = command
  const flagged = Object.entries<OptionRule>(options).filter(([, { flag }]) => flag !== undefined)
  const isShown = ([option, rule]: [string, OptionRule]) => option in usual || !tablesWith(rule, shared).length
  const others = flagged.filter((entry) => !isShown(entry)).map(([, rule]) => tablesWith(rule, shared)[0]!)
  const links = [...new Set(others)].map((title) => `[${title}](configuration.md#${anchor(title)})`)
  const usage = ['millrace', name, ...operands.map((operand) => `<${operand}>`), '[options]'].join(' ')
  return [
    `## ${name}\n`,
    `${paragraph(summary)}\n`,
    `\`\`\`sh\n${usage}\nmillrace ${name} ${example}\n\`\`\`\n`,
    `${table(
      ['flag', 'default', 'value', 'meaning'],
      flagged.filter(isShown).map(([, rule]) => rowOf(rule)),
    )}\n`,
    ...(links.length === 0 ? [] : [`${paragraph(`And the other options of ${links.join(', ')}.`)}\n`]),
  ].join('\n')
}

function tablesWith(rule: OptionRule, shared: SharedOptions): readonly string[] {
  return shared.filter(({ table: options }) => Object.values(options).includes(rule)).map(({ title }) => title)
}

function anchor(title: string): string {
  return title.toLowerCase().replaceAll(' ', '-')
}

function rowOf(rule: OptionRule): string[] {
  const standard = rule.default === undefined ? (rule.optional ? 'none' : 'required') : `\`${rule.default}\``
  return [`\`${rule.flag!}\``, standard, describeRule(rule), rule.doc]
}
