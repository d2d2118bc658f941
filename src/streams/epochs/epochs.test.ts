import assert from 'node:assert/strict'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { describe, it } from 'node:test'
import { closingEpoch } from '../fixtures/closing-epoch.ts'
import type { EpochParticipant } from './epoch-participant.ts'
import { Epochs } from './epochs.ts'

const { number: _number, manifest: _manifest, ...facts } = closingEpoch()

/** Writes down what it is called for. */
class Recorder implements EpochParticipant {
  readonly #name: string
  readonly #calls: string[]
  /** Set to have the next `close` fail. */
  failure: Error | undefined

  constructor(name: string, calls: string[]) {
    this.#name = name
    this.#calls = calls
  }

  close({ number }: { number: number }): void {
    this.#calls.push(`${this.#name} closes ${number}`)
    if (this.failure !== undefined) throw this.failure
  }

  commit(): void {
    this.#calls.push(`${this.#name} commits`)
  }

  rollback(): void {
    this.#calls.push(`${this.#name} rolls back`)
  }

  grow(logEnds: readonly number[]): void {
    this.#calls.push(`${this.#name} grows to ${logEnds.length}`)
  }
}

function begunAt(committed: number) {
  const calls: string[] = []
  const [first, second] = [new Recorder('first', calls), new Recorder('second', calls)]
  const epochs = new Epochs([first, second], committed)
  epochs.begin()
  return {
    epochs,
    second,
    /** The calls since the last look. */
    look: () => calls.splice(0),
  }
}

/** Brings the epoch after the last committed one to a step of its way. */
const steps = {
  current: () => {},
  closed: (epochs: Epochs) => epochs.close(facts),
  committing(epochs: Epochs) {
    epochs.close(facts)
    epochs.beginCommit()
  },
} as const

const rolledBack = ['second rolls back', 'first rolls back']

describe('Epochs', () => {
  it('close and commit in the declared order, and roll back in the opposite one', () => {
    const { epochs, look } = begunAt(7)

    epochs.close(facts)
    assert.deepEqual(look(), ['first closes 8', 'second closes 8'])
    epochs.beginCommit()
    assert.deepEqual(look(), [])
    epochs.commit()
    assert.deepEqual([epochs.committed, ...look()], [8, 'first commits', 'second commits'])
    epochs.settleAt(8)
    assert.deepEqual([epochs.committed, ...look()], [8, ...rolledBack])
  })

  for (const [name, reach] of Object.entries(steps)) {
    it(`go back where the broker has no manifest of an epoch that is ${name}, and close it again`, () => {
      const { epochs, look } = begunAt(7)
      reach(epochs)
      look()

      epochs.settleAt(7)

      assert.deepEqual([epochs.committed, ...look()], [7, ...rolledBack])
      epochs.close(facts)
      assert.deepEqual(look(), ['first closes 8', 'second closes 8'])
    })
  }

  it('go forward by an epoch whose answer was lost where the broker has its manifest, and then lose the current one only', () => {
    const { epochs, look } = begunAt(7)
    steps.committing(epochs)
    look()

    epochs.settleAt(8)

    assert.deepEqual([epochs.committed, ...look()], [8, 'first commits', 'second commits', ...rolledBack])
  })

  for (const [name, durable] of [
    ['current', [6, 8]],
    ['closed', [6, 8, 9]],
    ['committing', [6, 9]],
  ] as const) {
    it(`end where the broker is at an epoch that can not be theirs, while one is ${name}`, () => {
      for (const at of durable) {
        const { epochs } = begunAt(7)
        steps[name](epochs)
        assert.throws(() => epochs.settleAt(at), { code: 'CHECKPOINT_FOREIGN' }, `${at}`)
      }
    })
  }

  it('go back from an epoch that could not be closed', () => {
    const { epochs, second, look } = begunAt(7)
    second.failure = new Error('no room')
    assert.throws(() => epochs.close(facts), second.failure)
    assert.throws(() => epochs.beginCommit(), /is closed before it is committing, and this one is closing/)
    assert.throws(() => epochs.close(facts), /is current before it is closing/)
    look()

    epochs.settleAt(7)

    assert.deepEqual([epochs.committed, ...look()], [7, ...rolledBack])
    second.failure = undefined
    epochs.close(facts)
    assert.deepEqual(look(), ['first closes 8', 'second closes 8'])
  })

  it('know nothing but committed epochs at the end, whatever is in flight', () => {
    for (const reach of Object.values(steps)) {
      const { epochs, look } = begunAt(7)
      reach(epochs)
      look()

      epochs.abandon()

      assert.deepEqual([epochs.committed, ...look()], [7, ...rolledBack])
      assert.throws(() => epochs.close(facts), /no epoch is closed after the end/)
    }
  })

  it('refuse steps out of turn', () => {
    const closedTwice = () => {
      const { epochs } = begunAt(7)
      epochs.close(facts)
      epochs.close(facts)
    }
    assert.throws(closedTwice, /is current before it is closing, and this one is closed/)
    assert.throws(() => begunAt(7).epochs.beginCommit(), /is closed before it is committing, and this one is current/)
    assert.throws(() => begunAt(7).epochs.commit(), /an epoch commits that is current/)
    const { epochs } = begunAt(7)
    epochs.close(facts)
    assert.throws(() => epochs.commit(), /an epoch commits that is closed/)
    epochs.beginCommit()
    assert.throws(() => epochs.beginCommit(), /this one is committing/)
  })

  it('tell those who observe the process that they begin', (t) => {
    const told: unknown[] = []
    const hear = (message: unknown) => told.push(message)
    subscribe('millrace:epochs:begun', hear)
    t.after(() => unsubscribe('millrace:epochs:begun', hear))
    const epochs = new Epochs([], 7)
    assert.deepEqual(told, [])

    epochs.begin()

    assert.deepEqual(told, [{ committed: 7 }])
  })

  it('begin when all that is pending is in the table, and not before', () => {
    const epochs = new Epochs([], 7)
    assert.throws(() => epochs.close(facts), /closed when all that is pending is in the table/)
    assert.throws(() => epochs.grow([1]), /grows when all pending parts are in the table/)

    // A crash meanwhile changes nothing.
    epochs.settleAt(7)
    epochs.begin()

    epochs.close(facts)
    assert.throws(() => epochs.begin(), /begins once/)
  })

  it('tell all participants of new partitions, also while one is in flight', () => {
    const { epochs, look } = begunAt(7)
    steps.committing(epochs)
    look()

    epochs.grow([10, 5, 0])

    assert.deepEqual(look(), ['first grows to 3', 'second grows to 3'])
  })
})
