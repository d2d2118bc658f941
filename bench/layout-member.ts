/**
 * A member of the experiment, as `experiment-topology.ts` has it. After each commit, and when it is asked, it tells how
 * many tasks it has, what it has merged, and the CPU that its process has taken; it ends when it is told to. With
 * `BENCH_TELLS` it prints what it tells an operator.
 */
import { type Logger, start } from '../src/streams/index.ts'
import topology from './experiment-topology.ts'

export interface MemberState {
  /** In each of its subtopologies; absent as long as one has none or another number, and in the layout `single`. */
  readonly tasks?: number
  readonly role: string
  /** That it has consumed, on average over its subtopologies. */
  readonly records: number
  readonly mergedRecords: number
  readonly cpuSeconds: number
}

if (import.meta.main) {
  /** By subtopology. */
  const tasks = new Map<string, number>()
  const info: Logger['info'] = (facts, sentence) => {
    const { app, tasks: own } = facts as { readonly app: string; readonly tasks?: readonly number[] }
    if (own !== undefined) tasks.set(app, own.length)
    if (process.env['BENCH_TELLS']) console.error(new Date().toISOString(), process.pid, sentence, own ?? '')
  }
  const logger: Logger = { debug() {}, info, warn: console.error, error: console.error }
  const app = await start(topology, {
    bootstrapServers: process.env['BENCH_SERVERS']!,
    heartbeatIntervalMs: Number(process.env['BENCH_HEARTBEAT_MS'] ?? 200),
    logger,
  })
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
  app.on('epochCommitted', tell)
  process.on('message', (word) => (word === 'stop' ? void app.stop() : tell()))
  process.once('disconnect', () => void app.stop())
  await app.done
  if (process.connected) process.disconnect()
}
