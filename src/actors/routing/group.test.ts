import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { sleep } from '../../core/clock.ts'
import { probeActors } from '../../testing/index.ts'
import { defineActor, group, type GroupOptions, type Reply, startSystem, supervisor } from '../index.ts'

type Job = { type: 'job'; id: number } | { type: 'crash' } | { type: 'who'; reply: Reply<number> }

describe('A group', () => {
  it('B13 shares the work in turn, and B11 asks one and tells all', async () => {
    const { done, workers } = tracer({ size: 3 })
    await using probe = await probeActors([{ start: workers }])
    const ref = probe.system.group<Job>('workers')

    for (let id = 0; id < 6; id++) void ref.tell({ type: 'job', id })
    await probe.clock.advance(0)
    assert.deepEqual([done.get(1)?.length, done.get(2)?.length, done.get(3)?.length], [2, 2, 2])

    void ref.broadcast({ type: 'job', id: 9 })
    await probe.clock.advance(0)
    assert.deepEqual(
      [...done.values()].map((ids) => ids.at(-1)),
      [9, 9, 9],
    )
    const answers = [await ref.ask({ type: 'who' }), await ref.ask({ type: 'who' }), await ref.ask({ type: 'who' })]
    assert.deepEqual(
      answers.sort((a, b) => a - b),
      [1, 2, 3],
    )
  })

  it('B13 tells all where its routing says so, and passes on that one has no room', async () => {
    const { done, workers } = tracer({ size: 2, routing: 'all' }, { jobMs: 10, mailboxMax: 1 })
    await using probe = await probeActors([{ start: workers }])
    const ref = probe.system.group<Job>('workers')

    await ref.tell({ type: 'job', id: 1 })
    assert.equal(probe.clock.monotonicMs(), 0)
    await probe.clock.until(ref.tell({ type: 'job', id: 2 }))
    assert.equal(probe.clock.monotonicMs(), 10)
    await probe.clock.advance(10)

    assert.deepEqual(
      [done.get(1), done.get(2)],
      [
        [1, 2],
        [1, 2],
      ],
    )
  })

  it('B13 gives a message to the member with the least to do', async () => {
    const { done, workers } = tracer({ size: 2, routing: 'leastLoaded' }, { jobMs: 10 })
    await using probe = await probeActors([{ start: workers }])
    for (let id = 0; id < 5; id++) void probe.ref<Job>('1').tell({ type: 'job', id })

    for (let id = 10; id < 14; id++) void probe.system.group<Job>('workers').tell({ type: 'job', id })
    await probe.clock.advance(100)

    assert.deepEqual(done.get(2), [10, 11, 12, 13])
  })

  it('B13 takes members in and drains those that go, without losing a message', async () => {
    const { done, workers } = tracer({ size: 2 }, { jobMs: 10 })
    await using probe = await probeActors([{ start: workers }])
    const ref = probe.system.group<Job>('workers')

    await ref.resize(4)
    assert.equal(ref.size, 4)
    for (let id = 0; id < 40; id++) void ref.tell({ type: 'job', id })
    const resizing = ref.resize(1)
    await probe.clock.advance(0)
    for (let id = 40; id < 50; id++) void ref.tell({ type: 'job', id })
    await probe.clock.until(resizing)
    await probe.clock.advance(1_000)

    assert.equal(ref.size, 1)
    assert.deepEqual(
      [...done.values()].flat().sort((a, b) => a - b),
      Array.from({ length: 50 }, (_, id) => id),
    )
    assert.equal(done.get(4)?.length, 10, 'one that drains gets nothing more')
    assert.equal(probe.system.deadLetters().total, 0)
  })

  it('B13 gives up draining after drainMs', async () => {
    const { workers } = tracer({ size: 2, drainMs: 25 }, { jobMs: 10 })
    await using probe = await probeActors([{ start: workers }])
    const ref = probe.system.group<Job>('workers')
    for (let id = 0; id < 20; id++) void ref.tell({ type: 'job', id })

    await probe.clock.until(ref.resize(1))

    assert.equal(probe.system.deadLetters().byReason.stopped, 7)
  })

  it('B13 keeps its size over crashes of members, and begins again with it when its supervisor restarts', async () => {
    const { workers } = tracer({ size: 2, maxRestarts: 1 })
    await using probe = await probeActors([{ start: workers }])
    const ref = probe.system.group<Job>('workers')
    await ref.resize(3)

    void ref.tell({ type: 'crash' })
    await probe.clock.advance(0)
    assert.equal(ref.size, 3)

    void ref.tell({ type: 'crash' })
    await probe.clock.advance(0)
    assert.equal(ref.size, 2)
    await ref.resize(3)
  })

  it('B13 passes over members that have ended for good', async () => {
    const { done, workers } = tracer({ size: 2, restart: 'temporary' })
    await using probe = await probeActors([{ start: workers }])
    const ref = probe.system.group<Job>('workers')
    void probe.ref<Job>('1').tell({ type: 'crash' })
    await probe.clock.advance(0)

    for (let id = 0; id < 4; id++) void ref.tell({ type: 'job', id })
    await probe.clock.advance(0)
    assert.deepEqual(done.get(2), [0, 1, 2, 3])

    void ref.tell({ type: 'crash' })
    await probe.clock.advance(0)
    await assert.rejects(ref.tell({ type: 'crash' })!, { code: 'ACTOR_MAILBOX_CLOSED' })
  })

  it('refuses a size that is no whole number of at least 1', async () => {
    const { workers } = tracer({ size: 1 })
    await using probe = await probeActors([{ start: workers }])

    for (const size of [0, 1.5]) {
      await assert.rejects(probe.system.group('workers').resize(size), { code: 'ACTOR_SPEC_INVALID' })
    }
    const root = supervisor({ name: 'root', children: [{ start: tracer({ size: 0 }).workers }] })
    await assert.rejects(startSystem({ name: 'test', root }), { code: 'ACTOR_SPEC_INVALID' })
  })
})

describe('A supervisor', () => {
  it('B11 broadcasts to all actors below it, at any depth', async () => {
    const { done, workers } = tracer({ size: 2 })
    const inner = supervisor({ name: 'inner', children: [{ start: workers }] })
    await using probe = await probeActors([{ start: inner }])

    await probe.system.supervisor('root').broadcast<Job>({ type: 'job', id: 1 })
    await probe.clock.advance(0)

    assert.deepEqual([done.get(1), done.get(2)], [[1], [1]])
  })
})

describe('An autoscaling group', () => {
  const autoscale = { min: 1, max: 4, growAt: 10, shrinkAt: 2, settleMs: 1_000 }

  it('B14 grows on backlog up to its bound, shrinks when it has settled, and loses nothing', async () => {
    const { done, workers } = tracer({ autoscale }, { jobMs: 100 })
    await using probe = await probeActors([{ start: workers }])
    const ref = probe.system.group<Job>('workers')
    const sizes: number[] = []
    const note = () => void (sizes.at(-1) !== ref.size && sizes.push(ref.size))

    for (let id = 0; id < 400; id++) {
      void ref.tell({ type: 'job', id })
      await probe.clock.advance(10)
      note()
    }
    for (let tick = 0; tick < 3_000; tick++) {
      await probe.clock.advance(20)
      note()
    }

    assert.deepEqual(sizes, [1, 2, 3, 4, 3, 2, 1])
    assert.equal([...done.values()].flat().length, 400)
    assert.equal(probe.system.deadLetters().total, 0)
    assert.equal(probe.clock.pendingTimers, 0, 'at rest it needs no timer')
  })

  it('B14 does not flap under a load between its marks', async () => {
    const { workers } = tracer({ autoscale, size: 2 }, { jobMs: 100 })
    await using probe = await probeActors([{ start: workers }])
    const ref = probe.system.group<Job>('workers')
    for (let id = 0; id < 10; id++) void ref.tell({ type: 'job', id })
    const sizes = new Set<number>()

    for (let id = 0; id < 200; id++) {
      void ref.tell({ type: 'job', id })
      await probe.clock.advance(50)
      sizes.add(ref.size)
    }

    assert.deepEqual([...sizes], [2])
  })

  it('B14 grows on after a burst, one member after the other', async () => {
    const { workers } = tracer({ autoscale }, { jobMs: 100, initMs: 50 })
    await using probe = await probeActors([{ start: workers }])
    const ref = probe.system.group<Job>('workers')

    for (let id = 0; id < 100; id++) void ref.tell({ type: 'job', id })
    await probe.clock.advance(49)
    assert.equal(ref.size, 1)
    await probe.clock.advance(101)

    assert.equal(ref.size, 4)
    await assert.rejects(ref.resize(5), { code: 'ACTOR_SPEC_INVALID' })
  })

  it('B14 refuses marks that would flap, and bounds that are none', async () => {
    for (const wrong of [{ growAt: 2 }, { min: 0 }, { max: 0 }, { settleMs: 0 }, { shrinkAt: -1 }]) {
      const { workers } = tracer({ autoscale: { ...autoscale, ...wrong }, size: 1 })
      const root = supervisor({ name: 'root', children: [{ start: workers }] })

      await assert.rejects(startSystem({ name: 'test', root }), { code: 'ACTOR_SPEC_INVALID' })
    }
  })
})

/** A group named `workers`, whose members write down which jobs they did, by their number. */
function tracer(
  options: Partial<GroupOptions<Job>>,
  { jobMs = 0, initMs = 0, mailboxMax = 1_000 }: { jobMs?: number; initMs?: number; mailboxMax?: number } = {},
) {
  const done = new Map<number, number[]>()
  const member = (number: number) =>
    defineActor<Job, undefined>({
      name: 'worker',
      mailboxMax,
      init: async ({ clock }) => {
        if (initMs > 0) await sleep(clock, initMs)
      },
      handleInPlace: {
        job: async (_, { id }, { clock }) => {
          if (jobMs > 0) await sleep(clock, jobMs)
          const ids = done.get(number)
          if (ids === undefined) done.set(number, [id])
          else ids.push(id)
        },
        crash: () => {
          throw new Error('fault')
        },
        who: (_, { reply }) => reply(number),
      },
    })
  return { done, workers: group<Job>({ name: 'workers', member, ...options }) }
}
