import { MillraceError } from '../../core/errors.ts'
import type { ProgramState } from '../recovery/program-state.ts'
import type { TableSnapshot } from '../../state/index.ts'
import type { DeclaredTable } from '../topology/table.ts'
import type { LookupTables } from './lookup-tables.ts'
import { keepsFinishedParts, type Plan } from '../topology/plan.ts'
import { TablesSnapshot } from './tables-snapshot.ts'

/**
 * The tables of a program: those that functions change as its last committed epoch has left them, those that topics fill
 * as they are.
 *
 * @param state - Absent in a process that is not the active one.
 * @param lookups - Absent where topics fill none.
 * @throws MillraceError `TABLES_ABSENT`
 */
export function queried(
  app: string,
  state: Pick<ProgramState, 'tables' | 'epochs'> | undefined,
  lookups: LookupTables | undefined,
): TablesSnapshot {
  if (state !== undefined && (state.tables !== undefined || lookups !== undefined)) {
    const tables = [...(state.tables?.snapshot() ?? []), ...(lookups?.snapshot() ?? [])]
    return new TablesSnapshot(state.epochs.committed, new Map<DeclaredTable, TableSnapshot<string, Uint8Array>>(tables))
  }
  const why = state === undefined ? 'this process is not the active one' : 'the program has none'
  throw new MillraceError('TABLES_ABSENT', `no tables of "${app}" can be read: ${why}`, { app })
}

/** A subtopology, running or in a test. */
interface Queryable {
  readonly plan: Pick<Plan, 'tables' | 'lookups'>
  query(): TablesSnapshot
}

/**
 * The tables of all subtopologies of a chain.
 *
 * @throws MillraceError `TABLES_ABSENT` where none has any, or this process is not the active one of one that has.
 */
export function queriedOfChain(chain: readonly Queryable[]): TablesSnapshot {
  const having = chain.filter(({ plan }) => keepsFinishedParts(plan))
  if (having.length === 0) return chain[0]!.query()
  const snapshots: TablesSnapshot[] = []
  try {
    for (const each of having) snapshots.push(each.query())
    return TablesSnapshot.of(snapshots)
  } catch (error) {
    for (const each of snapshots) each[Symbol.dispose]()
    throw error
  }
}
