import { TopologyError } from '../../core/errors.ts'
import type { ProgramTable, RecordTable } from '../topology/table.ts'

/** The tables of a program, as the function of a record gets at them. */
export interface RecordTables {
  /** @throws TopologyError `TOPOLOGY_INVALID` for a table that the topology does not declare. */
  of<Key, Value>(declaration: ProgramTable<Key, Value>): RecordTable<Key, Value>
}

export function undeclared(table: string): TopologyError {
  const message = `table "${table}" is none of the topology, or the function is not one before its first merge: name it in tables(…)`
  return new TopologyError('TOPOLOGY_INVALID', message, { table })
}
