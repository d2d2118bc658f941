import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { sleep } from '../../core/clock.ts'
import { MillraceError } from '../../core/errors.ts'
import { probeActors } from '../../testing/index.ts'
import { defineStateMachine } from '../index.ts'

type Call =
  | { type: 'coin'; value: number }
  | { type: 'push' }
  | { type: 'expire' }
  | { type: 'slow' }
  | { type: 'fault' }

describe('A state machine', () => {
  it('B9 goes from state to state, and enters each once per transition', async () => {
    const { trace, machine } = turnstile()
    await using probe = await probeActors([{ start: machine }])
    const ref = probe.ref<Call>('turnstile')

    void ref.tell({ type: 'coin', value: 2 })
    void ref.tell({ type: 'push' })
    void ref.tell({ type: 'coin', value: 3 })
    await probe.clock.advance(0)

    assert.deepEqual(trace, ['locked 0', 'unlocked 2', 'pushed', 'locked 2', 'unlocked 5'])
  })

  it('postpones a message until the next transition, and ignores another', async () => {
    const { trace, machine } = turnstile()
    await using probe = await probeActors([{ start: machine }])
    const ref = probe.ref<Call>('turnstile')

    for (const type of ['push', 'push', 'expire'] as const) void ref.tell({ type })
    void ref.tell({ type: 'coin', value: 1 })
    await probe.clock.advance(0)
    assert.deepEqual(trace, ['locked 0', 'unlocked 1', 'pushed', 'locked 1'])

    void ref.tell({ type: 'coin', value: 1 })
    await probe.clock.advance(0)
    assert.deepEqual(trace.slice(4), ['unlocked 2', 'pushed', 'locked 2'])
  })

  it('leaves a state by its timeout, which another transition cancels', async () => {
    const { trace, machine } = turnstile()
    await using probe = await probeActors([{ start: machine }])
    const ref = probe.ref<Call>('turnstile')

    void ref.tell({ type: 'coin', value: 1 })
    await probe.clock.advance(900)
    void ref.tell({ type: 'push' })
    await probe.clock.advance(0)
    void ref.tell({ type: 'coin', value: 1 })
    await probe.clock.advance(999)
    assert.equal(trace.at(-1), 'unlocked 2')
    await probe.clock.advance(1)

    assert.equal(trace.at(-1), 'locked 2')
    assert.equal(probe.clock.pendingTimers, 0)
  })

  it('B6 handles one message at a time although a handler is asynchronous, and begins anew after a crash', async () => {
    const { trace, machine } = turnstile()
    await using probe = await probeActors([{ start: machine }])
    const ref = probe.ref<Call>('turnstile')

    void ref.tell({ type: 'slow' })
    void ref.tell({ type: 'coin', value: 1 })
    await probe.clock.advance(10)
    assert.deepEqual(trace, ['locked 0', 'unlocked 9', 'unlocked 10'])

    void ref.tell({ type: 'fault' })
    await probe.clock.advance(0)

    assert.equal(trace.at(-1), 'locked 0')
    const crashed = probe.events.find((event) => event.type === 'childCrashed')
    assert.ok(crashed?.error instanceof Error && !MillraceError.is(crashed.error))
    assert.equal(crashed.error.message, "state 'unlocked' has no handler for messages of type 'fault'")
  })
})

/** Takes coins, lets one push through, and locks again by itself after a second. */
function turnstile() {
  const trace: string[] = []
  const machine = defineStateMachine<Call, 'locked' | 'unlocked', number>({
    name: 'turnstile',
    initial: 'locked',
    init: () => 0,
    states: {
      locked: {
        enter: (sum) => void trace.push(`locked ${sum}`),
        on: {
          coin: (sum, { value }) => ({ to: 'unlocked', data: sum + value }),
          push: 'postpone',
          expire: 'ignore',
          slow: async (_, _message, { clock }) => {
            await sleep(clock, 10)
            return { to: 'unlocked', data: 9 }
          },
          fault: () => {},
        },
      },
      unlocked: {
        enter: (sum) => void trace.push(`unlocked ${sum}`),
        timeout: { afterMs: 1_000, message: { type: 'expire' } },
        on: {
          coin: (sum, { value }) => ({ to: 'unlocked', data: sum + value }),
          push: () => {
            trace.push('pushed')
            return { to: 'locked' }
          },
          expire: () => ({ to: 'locked' }),
        },
      },
    },
  })
  return { trace, machine }
}
