import type { OptionTable, OptionValues } from '../core/options.ts'
import type { Output } from './output.ts'

/** How a command ended, as the process's exit code. */
export const exitCodes = {
  /** Done, and found right where something was checked. */
  done: 0,
  /** Failed with a named error, or what was checked is wrong. */
  failed: 1,
  /** Not understood; nothing was done. */
  usage: 2,
  /**
   * Nothing is wrong, but it is not done: a reset that was not confirmed, an audit whose evidence has been removed, a
   * run that a signal ended early.
   */
  unfinished: 3,
  /** Ended at once by a second signal. */
  interrupted: 130,
} as const

export interface CommandCall<Table extends OptionTable> {
  readonly options: OptionValues<Table>
  readonly operands: readonly string[]
  readonly output: Output
  /** Aborts at the first SIGINT or SIGTERM: finish what is under way and end. */
  readonly signal: AbortSignal
}

/** How a command is called and listed. */
export interface ListedCommand {
  readonly name: string
  readonly summary: string
  load(): Promise<Command>
}

/** A value that an option may have, as one would type it; true of one that is a flag alone. */
export type ExampleValue = string | number | true

/** One command of the command line: what it takes, and what it does. */
export interface Command<Table extends OptionTable = OptionTable> {
  /** Names of what it takes without a flag, such as `topology.ts`. All are required. */
  readonly operands: readonly string[]
  /** The only values that its operand may have; otherwise any. */
  readonly operandChoices?: readonly string[]
  readonly options: Table
  /** The options that are used most, five at most, with a value that each may have. They come first in its help. */
  readonly usual: { readonly [Name in keyof Table]?: ExampleValue }
  /** What follows its name in a call as one would type it. */
  readonly example: string
  run(call: CommandCall<Table>): Promise<number>
}

/** Fixes the type of a command's options. */
export function defineCommand<const Table extends OptionTable>(command: Command<Table>): Command {
  // Options are resolved from the very table that typed them.
  return command as unknown as Command
}

/** The values of those options of a command that are in a table. */
export function valuesIn<const Table extends OptionTable>(
  table: Table,
  options: OptionValues<NoInfer<Table>>,
): OptionValues<Table> {
  const names = Object.keys(table) as (keyof Table)[]
  return Object.fromEntries(names.map((name) => [name, options[name]])) as OptionValues<Table>
}

export const jsonOption = {
  json: {
    type: 'boolean',
    default: false,
    flag: '--json',
    doc: 'Print the report as one JSON object, on the last line of standard output.',
  },
} as const satisfies OptionTable
