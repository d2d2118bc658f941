import { examples } from '../examples/all.ts'
import type { Example } from '../examples/example.ts'
import { randomExample, randomExampleNamed } from '../programs/random-example.ts'
import { bursts } from './bursts-program.ts'
import { combined } from './combined-program.ts'
import { counted } from './counted-program.ts'
import { fullTable } from './full-table-program.ts'
import { promotedTable } from './promoted-table-program.ts'
import { sessions } from './sessions-program.ts'
import { tallied } from './tallied-program.ts'

/** Programs that chance draws, besides those that are written. */
const drawn = 2

/** What is no example. */
const others = [fullTable, promotedTable, sessions, bursts, counted, combined, tallied]

/** The programs of `examples/`, some others, and some that a seed draws. */
export function campaignPrograms(seed: number): readonly Example[] {
  return [...examples, ...others, ...Array.from({ length: drawn }, (_, at) => randomExample(seed + at))]
}

/** One of them, by its name. */
export function campaignProgram(name: string): Example {
  return [...examples, ...others].find((example) => example.name === name) ?? randomExampleNamed(name)!
}
