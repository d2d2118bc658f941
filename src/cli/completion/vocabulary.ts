import type { OptionRule } from '../../core/options.ts'
import type { ListedCommand } from '../command.ts'

/** What a shell can complete after `millrace`. */
export interface Vocabulary {
  readonly commands: readonly CommandWords[]
}

export interface CommandWords {
  readonly name: string
  /** One sentence, in one line. */
  readonly summary: string
  readonly flags: readonly FlagWords[]
  /** What its operand may be; empty where it takes none, or one that nobody can know. */
  readonly operands: readonly string[]
  /** Whether its operand is a file. */
  readonly takesFile: boolean
}

export interface FlagWords {
  /** With its dashes. */
  readonly flag: string
  readonly summary: string
  /** Whether a value follows; it is a file where nothing is known of it. */
  readonly takesValue: boolean
  /** The only values that it may have, if they are known. */
  readonly choices: readonly string[]
}

/** Reads all of it from the tables of the commands. */
export async function vocabularyOf(commands: readonly ListedCommand[]): Promise<Vocabulary> {
  const described = commands.map(async (listed): Promise<CommandWords> => {
    const { name, summary } = listed
    const { options, operands, operandChoices = [] } = await listed.load()
    const flags = Object.values<OptionRule>(options).flatMap((rule) => flagWords(rule))
    const takesFile = operands.some((operand) => operand.endsWith('.ts'))
    return { name, summary: firstSentence(summary), flags: [...flags, help], operands: operandChoices, takesFile }
  })
  const helping = {
    name: 'help',
    summary: 'Tells the options of a command.',
    flags: [],
    operands: commands.map(({ name }) => name),
    takesFile: false,
  }
  return { commands: [...(await Promise.all(described)), helping] }
}

const help: FlagWords = { flag: '--help', summary: 'Tells the options.', takesValue: false, choices: [] }

function flagWords({ flag, doc, ...rule }: OptionRule): FlagWords[] {
  if (flag === undefined) return []
  const choices = rule.type === 'string' ? (rule.choices ?? []) : []
  return [{ flag, summary: firstSentence(doc), takesValue: rule.type !== 'boolean', choices }]
}

function firstSentence(text: string): string {
  return text.split(/(?<=[^.]\.) /)[0]!
}
