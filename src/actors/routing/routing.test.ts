import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { ActorMessage } from '../actor/ref.ts'
import { createRoute } from './routing.ts'

const message: ActorMessage = { type: 'job' }

describe('Routing', () => {
  it('B13 roundRobin gives each member as many messages', () => {
    const members = membersOf(3)
    const route = createRoute<{ path: string; load: number }>('roundRobin')

    const counts = count(3_000, () => route(message, members))

    assert.deepEqual([...counts.values()], [1_000, 1_000, 1_000])
  })

  it('B13 leastLoaded picks the member with the fewest messages pending, and takes turns among equals', () => {
    const members = [3, 0, 1, 0].map((load, index) => ({ path: `${index}`, load }))
    const route = createRoute<{ path: string; load: number }>('leastLoaded')

    const counts = count(100, () => route(message, members))

    assert.deepEqual([...counts.keys()].sort(), ['1', '3'])
    assert.ok([...counts.values()].every((picked) => picked >= 25))
  })

  it('B13 a key always leads to the same member, and keys are spread over all', () => {
    const members = membersOf(8)
    const byKey = createRoute<{ path: string; load: number }>({ key: (asked) => (asked as Keyed).key })
    const pick = (key: number) => byKey({ type: 'job', key } as Keyed, members)

    let key = 0
    const counts = count(8_000, () => pick(key++))

    for (const picked of counts.values()) assert.ok(picked > 850 && picked < 1_150, `${picked} of 1,000`)
    for (key = 0; key < 100; key++) assert.equal(pick(key), pick(key))
  })

  it('B13 only keys of a member that goes lead to another one, and only to a new one when it comes', () => {
    const members = membersOf(8)
    const byKey = createRoute<{ path: string; load: number }>({ key: (asked) => (asked as Keyed).key })
    const without = members.slice(0, 7)
    let moved = 0

    for (let key = 0; key < 8_000; key++) {
      const before = byKey({ type: 'job', key } as Keyed, members)
      const after = byKey({ type: 'job', key } as Keyed, without)
      if (before === members[7]) moved++
      else assert.equal(after, before)
    }

    assert.ok(moved > 850 && moved < 1_150, `${moved} of 1,000`)
  })
})

interface Keyed extends ActorMessage {
  readonly key: number
}

function membersOf(count: number) {
  return Array.from({ length: count }, (_, index) => ({ path: `root/group/${index + 1}`, load: 0 }))
}

function count(times: number, pick: () => { path: string }): Map<string, number> {
  const counts = new Map<string, number>()
  for (let time = 0; time < times; time++) {
    const { path } = pick()
    counts.set(path, (counts.get(path) ?? 0) + 1)
  }
  return counts
}
