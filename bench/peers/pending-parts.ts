/**
 * A process in which all parts of the experiment wait, because a fourth never comes. Says `ready` when it has all that
 * there was in the source, or stands by; a standby then says when it became the active one and when it had committed a
 * record more.
 */
import { sleep, systemClock } from '../../src/core/clock.ts'
import { field, stage, start, topology } from '../../src/streams/index.ts'

const [bootstrapServers, app, source, sink, refreshMs] = process.argv.slice(2) as [
  string,
  string,
  string,
  string,
  string,
]
const standbyRefreshMs = Number(refreshMs)
const part = stage({ part: field('part') })
const program = topology(app)
  .source(source)
  .route('by-stage', field('stage'), { A: part, B: part, C: part, D: part })
  .correlate('by-customer', field('customerId'), { of: ['A', 'B', 'C', 'D'] })
  .sink(sink)

const running = await start(program, { bootstrapServers, standbyRefreshMs })
if (running.role === 'active') await running.caughtUp
else await until(() => standbyRefreshMs === 0 || running.report().pendingRows > 0)
process.send!('ready')
await until(() => running.role === 'active')
const activeMs = systemClock.nowMs()
await until(() => running.progress().consumed > 0)
process.send!({ activeMs, committedMs: systemClock.nowMs() })

async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await sleep(systemClock, 2)
}
