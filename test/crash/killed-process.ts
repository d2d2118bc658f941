/** A program in a process of its own, in which a stage's function ends the process on some of the records. */
import { field, stage, start, type StartOptions, topology } from '../../src/streams/index.ts'

/** What the process is to run, as JSON in its first argument. */
export interface KilledProgram {
  readonly app: string
  readonly source: string
  readonly sink: string
  /** Customers on whose part the process leaves, and those on whose part it is killed. */
  readonly leavesOn: readonly number[]
  readonly diesOn: readonly number[]
  readonly settings: Pick<StartOptions, 'bootstrapServers' | 'partitionFetchBytes' | 'processAttempts'>
}

/** With what it leaves. */
export const exitCode = 7

if (import.meta.main) {
  const { app, source, sink, leavesOn, diesOn, settings } = JSON.parse(process.argv[2]!) as KilledProgram
  const part = (value: { id: number; part: unknown }) => {
    if (leavesOn.includes(value.id)) process.exit(exitCode)
    if (diesOn.includes(value.id)) process.kill(process.pid, 'SIGKILL')
    return value.part
  }
  const customers = topology(app)
    .source(source)
    .route('by-stage', field('stage'), { A: stage({ part }), B: stage({ part: field('part') }) })
    .correlate('by-id', field('id'), { of: ['A', 'B'] })
    .sink(sink)
  await using running = await start(customers, settings)
  await running.caughtUp
  await running.stop()
  process.stdout.write(JSON.stringify(running.report()))
}
