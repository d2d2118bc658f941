import { adviceOn } from './closest-name.ts'
import { ConfigError } from './errors.ts'
import { Secret } from './secret.ts'

/**
 * One option. Units stand in its name (`drainMs`, `batchBytes`). An option without a default must be given, unless it
 * is optional.
 *
 * A table of these is the only place where an option is described: types, validation, environment, flags and
 * `docs/configuration.md` all come from it.
 */
export type OptionRule = NumberRule | StringRule | BooleanRule | SecretRule

interface CommonRule {
  /** Name of the environment variable, such as `MILLRACE_DRAIN_MS`. */
  readonly env?: string
  /** Name on the command line, such as `--drain-ms`. */
  readonly flag?: string
  /** One sentence for the documentation and the command's help. */
  readonly doc: string
  /** Whether it may be left out though it has no default; its value is then `undefined`. */
  readonly optional?: true
}

interface NumberRule extends CommonRule {
  readonly type: 'int' | 'number'
  readonly default?: number
  readonly min?: number
  readonly max?: number
}

interface StringRule extends CommonRule {
  readonly type: 'string'
  readonly default?: string
  /** The only values allowed; otherwise any that is not empty is. */
  readonly choices?: readonly string[]
}

interface BooleanRule extends CommonRule {
  readonly type: 'boolean'
  readonly default?: boolean
}

/**
 * A password or token. Command lines are there for all to read, so its flag names a file that holds it, and so does the
 * variable of its name with `_FILE` after.
 */
interface SecretRule extends CommonRule {
  readonly type: 'secret'
  readonly default?: never
}

export type OptionTable = Readonly<Record<string, OptionRule>>

/** What a table resolves to. */
export type OptionValues<Table extends OptionTable> = {
  readonly [Name in keyof Table]: ValueOf<Table[Name]> | (Table[Name] extends { optional: true } ? undefined : never)
}

/** What a program may give: any of the options, none of them by force, since the environment may hold the rest. */
export type GivenOptions<Table extends OptionTable> = {
  readonly [Name in keyof Table]?: ValueOf<Table[Name]> | undefined
}

type ValueOf<Rule extends OptionRule> = Rule extends { readonly choices: readonly (infer Choice)[] }
  ? Choice
  : { int: number; number: number; string: string; boolean: boolean; secret: Secret }[Rule['type']]

/** Where values come from, strongest first. What is `undefined` counts as not given. */
export interface OptionSources<Table extends OptionTable> {
  readonly given?: GivenOptions<Table>
  /** By flag, as typed on the command line; a flag that stands alone is `true`. */
  readonly flags?: Readonly<Record<string, string | boolean | undefined>>
  /** By variable name. Variables that no option has are not looked at. */
  readonly env?: Readonly<Record<string, string | undefined>>
}

/**
 * Finds the value of every option: as given, else by flag, else from the environment, else the default.
 *
 * @throws ConfigError `CONFIG_UNKNOWN_OPTION` for a given name or flag that the table does not have.
 * @throws ConfigError `CONFIG_INVALID_VALUE` for a value of the wrong type or out of range.
 * @throws ConfigError `CONFIG_MISSING_VALUE` when an option without a default is nowhere given.
 */
export function resolveOptions<const Table extends OptionTable>(
  table: Table,
  sources: OptionSources<Table>,
): OptionValues<Table> {
  const rules = Object.entries<OptionRule>(table)
  refuseUnknown('an option', sources.given, Object.keys(table))
  refuseUnknown(
    'a flag',
    sources.flags,
    rules.flatMap(([, { flag }]) => flag ?? []),
  )
  const values = rules.map(([name, rule]) => [name, resolveOption(name, rule, sources)] as const)
  return Object.fromEntries(values) as OptionValues<Table>
}

/** What an option's value must be, in words: for error messages, help and documentation. */
export function describeRule(rule: OptionRule): string {
  switch (rule.type) {
    case 'boolean':
      return 'true or false'
    case 'string':
      return rule.choices ? `one of ${rule.choices.join(', ')}` : 'a text'
    case 'secret':
      return 'a secret that is not empty; by flag, a file that holds it'
    case 'int':
    case 'number': {
      const kind = rule.type === 'int' ? 'a whole number' : 'a number'
      if (rule.min !== undefined && rule.max !== undefined) return `${kind} from ${rule.min} to ${rule.max}`
      if (rule.min !== undefined) return `${kind} of at least ${rule.min}`
      return rule.max === undefined ? kind : `${kind} of at most ${rule.max}`
    }
  }
}

function refuseUnknown(kind: string, source: object = {}, known: readonly string[]): void {
  for (const name of Object.keys(source)) {
    if (known.includes(name)) continue
    const { meant = null, advice } = adviceOn(name, known)
    throw new ConfigError('CONFIG_UNKNOWN_OPTION', `${name} is not ${kind}; ${advice}`, { name, meant })
  }
}

function resolveOption(name: string, rule: OptionRule, { given, flags, env }: OptionSources<OptionTable>): unknown {
  const value = valueAt(given, name)
  if (value !== undefined) return check(name, rule, value, value)
  const flag = valueAt(flags, rule.flag)
  if (flag !== undefined)
    return rule.type === 'secret' ? secretIn(rule.flag!, rule, flag) : parse(rule.flag!, rule, flag)
  const variable = valueAt(env, rule.env)
  if (variable !== undefined) return parse(rule.env!, rule, variable)
  const fileVariable = rule.type === 'secret' && rule.env ? secretFileVariable(rule.env) : undefined
  const file = valueAt(env, fileVariable)
  if (file !== undefined) return secretIn(fileVariable!, rule, file)
  if (rule.default !== undefined || rule.optional) return rule.default
  const ways = [name, rule.flag, rule.env, fileVariable].filter((way) => way !== undefined).join(' or ')
  throw new ConfigError('CONFIG_MISSING_VALUE', `${name} has no default and is not given; give ${ways}`, { name })
}

/** The environment variable that names a file with a secret, where `env` would hold the secret itself. */
export function secretFileVariable(env: string): string {
  return `${env}_FILE`
}

/**
 * A secret that is read from its file each time. What was given may be the secret itself by mistake, so no error
 * repeats it.
 */
function secretIn(where: string, rule: OptionRule, file: string | boolean): unknown {
  let secret: Secret
  try {
    secret = Secret.inFile(String(file))
  } catch (error) {
    const { code = 'it is no path' } = error as NodeJS.ErrnoException
    throw new ConfigError('CONFIG_INVALID_VALUE', `${where} must name a file that can be read: ${code}`, {
      name: where,
    })
  }
  return check(where, rule, file, secret)
}

function valueAt<Value>(source: Readonly<Record<string, Value>> = {}, name: string | undefined): Value | undefined {
  return name !== undefined && Object.hasOwn(source, name) ? source[name] : undefined
}

function parse(where: string, rule: OptionRule, text: string | boolean): unknown {
  return check(where, rule, text, parseText(rule, text))
}

function parseText(rule: OptionRule, text: string | boolean): unknown {
  if (typeof text === 'boolean' || rule.type === 'string') return text
  if (rule.type === 'secret') return new Secret(text)
  if (rule.type === 'boolean') return text === 'true' || (text === 'false' ? false : undefined)
  // Number('') and Number(' ') are 0.
  return text.trim() === '' ? undefined : Number(text)
}

/** Returns `value` when the rule allows it; `where` and `raw` are the option and its value as they were spelt. */
function check(where: string, rule: OptionRule, raw: unknown, value: unknown): unknown {
  if (allows(rule, value)) return value
  const wanted = describeRule(rule)
  const shown = rule.type === 'secret' ? '[redacted]' : typeof raw === 'string' ? `'${raw}'` : String(raw)
  throw new ConfigError('CONFIG_INVALID_VALUE', `${where} is ${shown}, but must be ${wanted}`, { name: where, wanted })
}

function allows(rule: OptionRule, value: unknown): boolean {
  switch (rule.type) {
    case 'boolean':
      return typeof value === 'boolean'
    case 'secret':
      return value instanceof Secret && value.reveal() !== ''
    case 'string':
      return typeof value === 'string' && (rule.choices ? rule.choices.includes(value) : value !== '')
    case 'int':
    case 'number': {
      const { min = -Infinity, max = Infinity } = rule
      const isOfKind = rule.type === 'int' ? Number.isSafeInteger(value) : Number.isFinite(value)
      return isOfKind && Number(value) >= min && Number(value) <= max
    }
  }
}
