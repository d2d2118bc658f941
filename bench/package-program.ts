import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

export interface ProgramNames {
  readonly name: string
  readonly source: string
  readonly sink: string
}

/** The command line of the package that a tree was built into. */
export function packageCli(tree: string): string {
  return join(tree, 'dist/cli/main.js')
}

/** The module of that package that programs are written with. */
export function packageDoor(tree: string): string {
  return ['doors/millrace.js', 'streams/index.js'].map((path) => join(tree, 'dist', path)).find(existsSync)!
}

/** Writes the experiment as a program of that package. */
export function writeExperiment(file: string, tree: string, { name, source, sink }: ProgramNames): void {
  const sides = ['A', 'B', 'C'].map((side) => `${side}: stage({ part: field('part') })`).join(', ')
  writeFileSync(
    file,
    `import { field, stage, topology } from ${JSON.stringify(packageDoor(tree))}
export default topology('${name}').source('${source}').route('by-stage', field('stage'), { ${sides} })
  .correlate('by-customer', field('customerId'), { of: ['A', 'B', 'C'] }).sink('${sink}')`,
  )
}
