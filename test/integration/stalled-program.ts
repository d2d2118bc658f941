/**
 * A program whose function never returns for one record, or after a promise; it would stop in good order at SIGTERM.
 */
import { setTimeout } from 'node:timers/promises'
import { field, stage, start, topology } from '../../src/streams/index.ts'

const [bootstrapServers, app, source, sink, how] = process.argv.slice(2) as [string, string, string, string, string]

const loopFor = (value: unknown) => {
  while ((value as { id: number }).id === 3);
  return value
}
const declared = topology(app)
  .source(source)
  .route('by-stage', field('stage'), {
    A: stage({
      part: how === 'atOnce' ? loopFor : async (value) => setTimeout(1).then(() => loopFor(value)),
    }),
    B: stage({ part: field('part') }),
  })
  .correlate('by-id', field('id'), { of: ['A', 'B'] })
  .sink(sink)

const running = await start(declared, { bootstrapServers, maxStallMs: 800, stalledExitMs: 800 })
process.once('SIGTERM', () => void running.stop())
await running.done
