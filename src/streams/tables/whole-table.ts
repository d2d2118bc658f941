import { areEqualDigests } from '../checkpoint/digest.ts'
import type { KeptTableShape } from '../checkpoint/manifest.ts'
import type { TableSum } from './kept-rows.ts'

/** Whether a table has the rows that the manifest says. */
export function isTableWhole({ rows, digest }: Pick<KeptTableShape, 'rows' | 'digest'>, found: TableSum): boolean {
  return rows === found.rows && areEqualDigests(digest, found.digest)
}
