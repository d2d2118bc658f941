import { examples } from '../examples/all.ts'
import type { Example } from '../examples/example.ts'
import { fullTable } from './full-table-program.ts'

/** The programs of `examples/`, and those that show what is no example. */
export const campaignPrograms: readonly Example[] = [...examples, fullTable]
