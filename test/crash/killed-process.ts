/** A program in a process of its own, in which functions end the process on some of the records. */
import { field, stage, start, type StartOptions, topology } from '../../src/streams/index.ts'

/** What the process is to run, as JSON in its first argument. */
export interface KilledProgram {
  readonly app: string
  readonly source: string
  readonly sink: string
  /** Customers on whose part the process leaves, and those on whose part of side A it is killed. */
  readonly leavesOn: readonly number[]
  readonly diesOn: readonly number[]
  /** Whether it is killed in a decoder, of framed values, and not in a stage. */
  readonly isDecoded: boolean
  readonly settings: Pick<StartOptions, 'bootstrapServers' | 'partitionFetchBytes' | 'processAttempts'>
}

interface Customer {
  readonly stage: string
  readonly id: number
  readonly part: unknown
}

/** Before the JSON of framed values. */
export const framingBytes = 5

/** With what it leaves. */
export const exitCode = 7

if (import.meta.main) {
  const { app, source, sink, leavesOn, diesOn, isDecoded, settings } = JSON.parse(process.argv[2]!) as KilledProgram
  const die = ({ stage: side, id }: Customer) => {
    if (side === 'A' && diesOn.includes(id)) process.kill(process.pid, 'SIGKILL')
  }
  const decode = (bytes: Uint8Array) => {
    const value = JSON.parse(Buffer.from(bytes).toString('utf8', framingBytes)) as Customer
    die(value)
    return value
  }
  const part = (value: Customer) => {
    if (leavesOn.includes(value.id)) process.exit(exitCode)
    if (!isDecoded) die(value)
    return value.part
  }
  const customers = topology(app)
    .source<Customer>(source, isDecoded ? { decode } : {})
    .route('by-stage', field('stage'), { A: stage({ part }), B: stage({ part: field('part') }) })
    .correlate('by-id', field('id'), { of: ['A', 'B'] })
    .sink(sink)
  await using running = await start(customers, settings)
  await running.caughtUp
  await running.stop()
  process.stdout.write(JSON.stringify(running.report()))
}
