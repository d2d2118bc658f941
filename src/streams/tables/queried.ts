import { MillraceError } from '../../core/errors.ts'
import type { ProgramState } from '../recovery/program-state.ts'
import type { TablesSnapshot } from './tables-snapshot.ts'

/**
 * The tables of a program as its last committed epoch has left them.
 *
 * @param state - Absent in a process that is not the active one.
 * @throws MillraceError `TABLES_ABSENT`
 */
export function queried(app: string, state: Pick<ProgramState, 'tables' | 'epochs'> | undefined): TablesSnapshot {
  if (state?.tables !== undefined) return state.tables.snapshot(state.epochs.committed)
  const why = state === undefined ? 'this process is not the active one' : 'the program has none'
  throw new MillraceError('TABLES_ABSENT', `no tables of "${app}" can be read: ${why}`, { app })
}
