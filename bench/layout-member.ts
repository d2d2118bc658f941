/**
 * A member of the experiment, of the package in `BENCH_TREE`, or else of these sources. Ten times a second, and when it
 * is asked, it tells how many tasks it has, what it has merged, and the CPU that its process has taken; it ends when it
 * is told to. With `BENCH_TELLS` it prints what it tells an operator.
 */
import type * as Millrace from '../src/streams/index.ts'
import { type ExperimentNames, experimentOf } from './experiment-of.ts'
import { packageDoor } from './package-program.ts'

export interface MemberState {
  /** In each of its subtopologies; absent as long as one has none or another number, and in the layout `single`. */
  readonly tasks?: number
  readonly role: string
  /** That it has consumed, on average over its subtopologies. */
  readonly records: number
  readonly mergedRecords: number
  readonly cpuSeconds: number
}

const tellEveryMs = 100

if (import.meta.main) {
  const { BENCH_TREE, BENCH_APP, BENCH_SOURCE, BENCH_SINK, BENCH_LAYOUT, BENCH_SERVERS, BENCH_TELLS } = process.env
  const door = BENCH_TREE ? packageDoor(BENCH_TREE) : '../src/streams/index.ts'
  const millrace = (await import(door)) as typeof Millrace
  /** By subtopology. */
  const tasks = new Map<string, number>()
  const info: Millrace.Logger['info'] = (facts, sentence) => {
    const { app, tasks: own } = facts as { readonly app: string; readonly tasks?: readonly number[] }
    if (own !== undefined) tasks.set(app, own.length)
    if (BENCH_TELLS) console.error(new Date().toISOString(), process.pid, sentence, own ?? '')
  }
  const logger: Millrace.Logger = { debug() {}, info, warn: console.error, error: console.error }
  const layout = (BENCH_LAYOUT === 'single' ? undefined : BENCH_LAYOUT) as ExperimentNames['layout']
  const program = experimentOf(millrace, { app: BENCH_APP!, source: BENCH_SOURCE!, sink: BENCH_SINK!, layout })
  const app = await millrace.start(program, { bootstrapServers: BENCH_SERVERS!, logger })
  const tell = () => {
    const { role } = app
    const { records, mergedRecords, next } = app.report()
    const isEach = tasks.size === (next === undefined ? 1 : 2)
    const [count, another] = new Set(tasks.values())
    const { user, system } = process.cpuUsage()
    const cpuSeconds = (user + system) / 1e6
    process.send!({
      ...(isEach && another === undefined && { tasks: count! }),
      role,
      records: next === undefined ? records : (records + next.records) / 2,
      mergedRecords: next?.mergedRecords ?? mergedRecords,
      cpuSeconds,
    } satisfies MemberState)
  }
  const telling = setInterval(tell, tellEveryMs)
  process.on('message', (word) => (word === 'stop' ? void app.stop() : tell()))
  process.once('disconnect', () => void app.stop())
  await app.done
  clearInterval(telling)
  if (process.connected) process.disconnect()
}
