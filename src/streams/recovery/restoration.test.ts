import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { startSystem } from '../../actors/index.ts'
import { MillraceError } from '../../core/errors.ts'
import { VirtualClock } from '../../testing/index.ts'
import { manifestOf } from '../checkpoint/checkpoint-records.ts'
import { Engine } from '../in-memory/engine.ts'
import { order, orders } from '../fixtures/orders.ts'
import { Lives } from '../runtime/life.ts'
import { rootCause } from '../runtime/root-cause.ts'
import { standbyTree } from '../runtime/supervision-tree.ts'
import { Sources } from '../topics/sources.ts'
import type { RestoringSession } from './session.ts'
import { stateAfter } from './state-after.ts'

/** What a process finds that stands by: a checkpoint after five orders, of which three are pending. */
async function leftBy(time: VirtualClock): Promise<Engine> {
  const engine = await Engine.start(orders, time)
  engine.kafka.give(0, [order('A', 1), order('A', 2), order('B', 1), order('B', 3), order('A', 4)])
  await time.until(engine.drain())
  return engine
}

/** The session of that process, whose table is empty. */
function sessionAfter({ kafka, services }: Engine): RestoringSession {
  const { plan, options, topics, logger } = services
  const sources = new Sources(kafka.sources)
  const request = {
    plan,
    options,
    sources,
    outputs: topics.sinks,
    logStarts: [0],
    logEnds: [],
    startOffsets: [0],
    records: kafka.checkpoint,
    spareMemory: { take: () => undefined },
    logger,
    tracing: undefined,
  }
  const lives = new Lives(services.outputBytesMax)
  lives.begin()
  const state = stateAfter(request, manifestOf(kafka.checkpoint)!)
  return { state, sources, lives, openStreaks: new Set() }
}

/** Reads what is pending through route and stages, and says how that ends. */
async function restore(time: VirtualClock, { services, kafka }: Engine, session: RestoringSession) {
  const { ports } = kafka
  const restored = Promise.withResolvers<void>()
  const root = standbyTree({ services, session, ports, onRestored: restored.resolve })
  const system = await startSystem({ name: 'standby', root, clock: time })
  const reason = await time.until(Promise.race([restored.promise, system.done]))
  await time.until(system.stop({ drainMs: 0 }))
  return reason === undefined || reason.kind !== 'crashed' ? 'restored' : rootCause(reason.error)
}

describe('a restoration', () => {
  it('takes in the pending parts and no others, and publishes nothing', async () => {
    const time = new VirtualClock()
    await using engine = await leftBy(time)
    const session = sessionAfter(engine)
    const { restoration, table, pending } = session.state
    assert.deepEqual([restoration.isDone, ...restoration.firstOffsets], [false, 1])

    const end = await restore(time, engine, session)

    assert.equal(end, 'restored')
    assert.deepEqual([restoration.isDone, ...restoration.firstOffsets], [true, 5])
    assert.deepEqual(
      Array.from(table.parts(), ({ offset }) => offset).sort((a, b) => a - b),
      [1, 3, 4],
    )
    assert.equal(pending.count, 3)
    assert.equal(engine.kafka.written.length, 1)
  })

  it('fails where the source gives other parts than those that the checkpoint has', async () => {
    const time = new VirtualClock()
    await using engine = await leftBy(time)
    await using other = await Engine.start(orders, time)
    other.kafka.give(0, [order('A', 1), order('A', 7), order('B', 1), order('B', 3), order('A', 4)])
    const session = sessionAfter(engine)

    const end = await restore(time, other, session)

    assert.ok(MillraceError.is(end))
    assert.equal(end.code, 'CHECKPOINT_CORRUPT')
    assert.equal(session.state.restoration.isDone, false)
  })
})
