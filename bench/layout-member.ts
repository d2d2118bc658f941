/**
 * A member of the experiment, as `experiment-topology.ts` has it. After each commit, and when it is asked, it tells how
 * many tasks it has, what it has merged, and the CPU that its process has taken; it ends when it is told to.
 */
import { type Logger, start } from '../src/streams/index.ts'
import topology from './experiment-topology.ts'

export interface MemberState {
  /** Absent as long as it has none, and in the layout `single`. */
  readonly tasks?: number
  readonly role: string
  readonly mergedRecords: number
  readonly cpuSeconds: number
}

if (import.meta.main) {
  let tasks: readonly number[] | undefined
  const info: Logger['info'] = (facts) => {
    if ('tasks' in facts) tasks = facts['tasks'] as readonly number[]
  }
  const logger: Logger = { debug() {}, info, warn: console.error, error: console.error }
  const app = await start(topology, {
    bootstrapServers: process.env['BENCH_SERVERS']!,
    heartbeatIntervalMs: 200,
    logger,
  })
  const tell = () => {
    const { role } = app
    const { mergedRecords } = app.report()
    const { user, system } = process.cpuUsage()
    const cpuSeconds = (user + system) / 1e6
    process.send!({ ...(tasks && { tasks: tasks.length }), role, mergedRecords, cpuSeconds } satisfies MemberState)
  }
  app.on('epochCommitted', tell)
  process.on('message', (word) => (word === 'stop' ? void app.stop() : tell()))
  process.once('disconnect', () => void app.stop())
  await app.done
  if (process.connected) process.disconnect()
}
