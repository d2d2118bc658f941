import type { KeptTableShape, Manifest } from '../checkpoint/manifest.ts'
import { isRetaken, type Migration } from '../checkpoint/migration.ts'
import type { ProgramTable } from '../topology/table.ts'

/** What a start does to the tables of another version of the program, by itself. */
export type TableMigration =
  /** A further table, which begins empty. */
  | { readonly kind: 'table'; readonly table: string }
  /** A table is given up, and its rows are deleted with the first epoch. */
  | { readonly kind: 'removedTable'; readonly table: string; readonly rows: number }

export function tableMigrations(
  { tables: before = [] }: Pick<Manifest, 'tables'>,
  now: readonly ProgramTable[],
): TableMigration[] {
  const added = now.filter(({ name }) => !before.some((each) => each.name === name))
  const removed = before.filter(({ name }) => !now.some((each) => each.name === name))
  return [
    ...added.map(({ name: table }) => ({ kind: 'table', table }) as const),
    ...removed.map(({ name: table, rows }) => ({ kind: 'removedTable', table, rows }) as const),
  ]
}

/**
 * What of the tables keeps a program from going on, one text for each: rows that would be read as something else, and
 * pending parts that are kept in the other way. By reference they would be shown to functions again, which had no tables
 * before; as they were made they have no other keys.
 */
export function tableDifferences(
  { tables: before = [], pending }: Pick<Manifest, 'tables' | 'pending'>,
  now: readonly ProgramTable[],
  migrations: readonly Migration[],
): string[] {
  const changed = now.flatMap((table) => {
    const was = before.find(({ name }) => name === table.name)
    const [had, has] = [was && codecsText(was), codecsText({ key: table.key.name, value: table.value.name })]
    return had === undefined || had === has ? [] : [`table "${table.name}" was of ${had} and is of ${has}`]
  })
  if (pending === 0) return changed
  const parts = `${pending} parts are pending`
  if (before.length === 0 && now.length > 0) changed.push(`tables are its first ones, and ${parts} by reference`)
  if (before.length > 0 && now.length === 0) changed.push(`its tables are given up, and ${parts} as they were made`)
  if (before.length > 0 && isRetaken(migrations)) {
    changed.push(`keys or decodings are other ones, and ${parts} as they were made, because the program has tables`)
  }
  return changed
}

function codecsText({ key, value }: Pick<KeptTableShape, 'key' | 'value'>): string {
  return `${key} keys and ${value} values`
}
