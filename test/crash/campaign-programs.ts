import { examples } from '../examples/all.ts'
import type { Example } from '../examples/example.ts'
import { randomExample, randomExampleNamed } from '../programs/random-example.ts'
import { fullTable } from './full-table-program.ts'

/** Programs that chance draws, besides those that are written. */
const drawn = 2

/** The programs of `examples/`, one that shows what is no example, and some that a seed draws. */
export function campaignPrograms(seed: number): readonly Example[] {
  return [...examples, fullTable, ...Array.from({ length: drawn }, (_, at) => randomExample(seed + at))]
}

/** One of them, by its name. */
export function campaignProgram(name: string): Example {
  return [...examples, fullTable].find((example) => example.name === name) ?? randomExampleNamed(name)!
}
