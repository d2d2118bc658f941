import type { RecordTables } from '../tables/record-tables.ts'

/**
 * What functions find where their program does not run: tables without rows, which keep nothing. What tables held when
 * a record was consumed is not there any more.
 */
export const emptyTables: RecordTables = {
  of: () => ({
    get: () => undefined,
    has: () => false,
    set() {},
    delete: () => false,
  }),
  lookup: () => ({ get: () => undefined, has: () => false }),
}
