import { TopologyError } from '../../core/errors.ts'
import type { LookupRows, LookupTable, ProgramTable, RecordTable } from '../topology/table.ts'

/** The tables of a program, as the function of a record gets at them. */
export interface RecordTables {
  /** @throws TopologyError `TOPOLOGY_INVALID` for a table that the topology does not declare. */
  of<Key, Value>(declaration: ProgramTable<Key, Value>): RecordTable<Key, Value>
  /** The same of one that a topic fills. */
  lookup<Key, Value>(declaration: LookupTable<Key, Value>): LookupRows<Key, Value>
}

/**
 * @param kept - Tables that functions change; absent for none.
 * @param lookups - Tables that topics fill, likewise.
 * @returns Undefined for none at all.
 */
export function recordTables(
  kept: Pick<RecordTables, 'of'> | undefined,
  lookups: Pick<RecordTables, 'lookup'> | undefined,
): RecordTables | undefined {
  if (kept === undefined && lookups === undefined) return undefined
  return {
    of(declaration) {
      if (kept === undefined) throw undeclared(declaration.name)
      return kept.of(declaration)
    },
    lookup(declaration) {
      if (lookups === undefined) throw undeclared(declaration.name)
      return lookups.lookup(declaration)
    },
  }
}

export function undeclared(table: string): TopologyError {
  const message = `table "${table}" is none of the topology, or the function is not one before its first merge: name it in tables(…)`
  return new TopologyError('TOPOLOGY_INVALID', message, { table })
}
