import { describeRule, type OptionRule, type OptionTable } from '../src/core/options.ts'

/** A table of options as an interface that programs see. */
interface Settings {
  readonly name: string
  /** One sentence. */
  readonly what: string
  readonly table: OptionTable
  /** What it extends, so that the options of that table are not repeated. */
  readonly base?: { readonly name: string; readonly table: OptionTable }
}

const lineMax = 120

/** A module with an interface for each table: what a program may give, and what an editor shows where it is given. */
export function settingsModule(all: readonly Settings[]): string {
  const head = '// Written by tools/docs.ts from the tables in options.ts: change those, then `npm run docs`.'
  const hasSecret = all.some(({ table }) => Object.values<OptionRule>(table).some(({ type }) => type === 'secret'))
  const imports = hasSecret ? [`import type { Secret } from '../core/secret.ts'`] : []
  return [head, ...imports, ...all.map(interfaceOf)].join('\n\n') + '\n'
}

function interfaceOf({ name, what, table, base }: Settings): string {
  const rules = Object.entries<OptionRule>(table).filter(([option]) => !Object.hasOwn(base?.table ?? {}, option))
  const members = rules.map(([option, rule]) => memberOf(option, rule)).join('\n')
  return `/** ${what} */\nexport interface ${name} ${base ? `extends ${base.name} ` : ''}{\n${members}\n}`
}

function memberOf(name: string, rule: OptionRule): string {
  const comment = [...wrapped(rule.doc), '', ...wrapped(valueText(rule))].map((line) => `   *${line && ` ${line}`}`)
  if (rule.default !== undefined) comment.push(`   * @defaultValue \`${rule.default}\``)
  const isRequired = rule.default === undefined && rule.env === undefined && !rule.optional
  const type = isRequired ? `: ${typeOf(rule)}` : `?: ${typeOf(rule)} | undefined`
  return ['  /**', ...comment, '   */', `  readonly ${name}${type}`].join('\n')
}

/** What the value must be, and where it comes from when it is not given. */
function valueText(rule: OptionRule): string {
  const value = describeRule(rule)
  const sentence = `${value[0]!.toUpperCase()}${value.slice(1)}.`
  if (rule.env === undefined) return sentence
  const isNeeded = rule.default === undefined && !rule.optional
  const otherwise = isNeeded ? '; one of the two is needed' : ''
  return `${sentence} If it is not given, \`${rule.env}\` is read from the environment${otherwise}.`
}

function typeOf(rule: OptionRule): string {
  if (rule.type === 'string' && rule.choices) return rule.choices.map((choice) => `'${choice}'`).join(' | ')
  return { int: 'number', number: 'number', string: 'string', boolean: 'boolean', secret: 'Secret' }[rule.type]
}

/** Words in lines that leave room for what stands before them in a comment. */
function wrapped(text: string): string[] {
  const lines = ['']
  for (const word of text.split(' ')) {
    const line = lines.at(-1)!
    if (line === '') lines[lines.length - 1] = word
    else if (line.length + word.length < lineMax - '   * '.length) lines[lines.length - 1] = `${line} ${word}`
    else lines.push(word)
  }
  return lines
}
