import { hasFinishedParts, type KeptTableShape, type Manifest } from '../checkpoint/manifest.ts'
import { isRetaken, type Migration } from '../checkpoint/migration.ts'
import { keepsFinishedParts, type Plan } from '../topology/plan.ts'

/** What a start does to the tables of another version of the program, by itself. */
export type TableMigration =
  /** A further table, which begins empty. */
  | { readonly kind: 'table'; readonly table: string }
  /** A table is given up, and its rows are deleted with the first epoch. */
  | { readonly kind: 'removedTable'; readonly table: string; readonly rows: number }
  /** A further table that a topic fills, or another topic that fills one: what is pending keeps what it has found. */
  | { readonly kind: 'lookupTable'; readonly table: string; readonly topic: string }
  /** A table is looked up no more; its topic stays as it is. */
  | { readonly kind: 'removedLookupTable'; readonly table: string; readonly topic: string }

export function tableMigrations(
  { tables: before = [], lookups: looked = [] }: Pick<Manifest, 'tables' | 'lookups'>,
  { tables: now, lookups }: Pick<Plan, 'tables' | 'lookups'>,
): TableMigration[] {
  const added = now.filter(({ name }) => !before.some((each) => each.name === name))
  const removed = before.filter(({ name }) => !now.some((each) => each.name === name))
  return [
    ...added.map(({ name: table }) => ({ kind: 'table', table }) as const),
    ...removed.map(({ name: table, rows }) => ({ kind: 'removedTable', table, rows }) as const),
    ...lookups
      .filter(({ name, topic }) => !looked.some((each) => each.name === name && each.topic === topic))
      .map(({ name: table, topic }) => ({ kind: 'lookupTable', table, topic }) as const),
    ...looked
      .filter(({ name }) => !lookups.some((each) => each.name === name))
      .map(({ name: table, topic }) => ({ kind: 'removedLookupTable', table, topic }) as const),
  ]
}

/** Whether it is of tables alone, and so concerns nothing that is pending. */
export function isOfTable(migration: Migration | TableMigration): migration is TableMigration {
  const { kind } = migration
  return kind === 'table' || kind === 'removedTable' || kind === 'lookupTable' || kind === 'removedLookupTable'
}

/**
 * What of the tables keeps a program from going on, one text for each: rows that would be read as something else, and
 * pending parts that are kept in the other way. By reference they would be shown to functions again, which had no tables
 * before; as they were made they have no other keys.
 */
export function tableDifferences(
  manifest: Pick<Manifest, 'tables' | 'lookups' | 'pending'>,
  plan: Pick<Plan, 'tables' | 'lookups'>,
  migrations: readonly Migration[],
): string[] {
  const { tables: before = [], pending } = manifest
  const changed = plan.tables.flatMap((table) => {
    const was = before.find(({ name }) => name === table.name)
    const [had, has] = [was && codecsText(was), codecsText({ key: table.key.name, value: table.value.name })]
    return had === undefined || had === has ? [] : [`table "${table.name}" was of ${had} and is of ${has}`]
  })
  if (pending === 0) return changed
  const parts = `${pending} parts are pending`
  const [were, are] = [hasFinishedParts(manifest), keepsFinishedParts(plan)]
  if (!were && are) changed.push(`tables are its first ones, and ${parts} by reference`)
  if (were && !are) changed.push(`its tables are given up, and ${parts} as they were made`)
  if (were && isRetaken(migrations)) {
    changed.push(`keys or decodings are other ones, and ${parts} as they were made, because the program has tables`)
  }
  return changed
}

function codecsText({ key, value }: Pick<KeptTableShape, 'key' | 'value'>): string {
  return `${key} keys and ${value} values`
}
