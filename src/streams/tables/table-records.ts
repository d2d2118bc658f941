import type { CheckpointRecords } from '../checkpoint/checkpoint-records.ts'
import { rowOfTable } from '../checkpoint/checkpoint-topic.ts'
import { addDigests, areEqualDigests } from '../checkpoint/digest.ts'
import type { KeptTableShape } from '../checkpoint/manifest.ts'
import { rowDigest } from './row-digest.ts'
import { noRows, type TableSum } from './kept-table.ts'

/** A row of a table, as the checkpoint has it. */
export interface CheckpointRow {
  readonly table: string
  /** Its bytes as Latin-1. */
  readonly key: string
  readonly value: Uint8Array
}

/** The rows of all tables in a checkpoint. */
export function* tableRowsOf(records: CheckpointRecords): Generator<CheckpointRow> {
  for (const [name, value] of records) {
    const row = rowOfTable(name)
    if (row !== undefined) yield { table: row.table, key: row.key, value }
  }
}

/** The names of all records of tables that are not among these. */
export function otherTableRecords(records: CheckpointRecords, kept: ReadonlySet<string>): string[] {
  return [...records.keys()].filter((name) => {
    const row = rowOfTable(name)
    return row !== undefined && !kept.has(row.table)
  })
}

/** What the rows of each table come to that a checkpoint has. */
export function tableSumsOf(records: CheckpointRecords): Map<string, TableSum> {
  const sums = new Map<string, TableSum>()
  for (const { table, key, value } of tableRowsOf(records)) {
    const { rows, digest } = sums.get(table) ?? noRows
    sums.set(table, { rows: rows + 1, digest: addDigests(digest, rowDigest(key, value)) })
  }
  return sums
}

/** Whether a table has the rows that the manifest says. */
export function isTableWhole({ rows, digest }: Pick<KeptTableShape, 'rows' | 'digest'>, found: TableSum): boolean {
  return rows === found.rows && areEqualDigests(digest, found.digest)
}
