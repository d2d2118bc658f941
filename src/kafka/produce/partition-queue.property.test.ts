import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { check } from '../../../test/property.ts'
import { OutputBatch } from '../../kernel/index.ts'
import { inFlightMax, type OutgoingBatch, PartitionQueue } from './partition-queue.ts'

/** A step that only happens where it can. */
type Step =
  | { readonly type: 'add'; readonly count: number }
  | { readonly type: 'take' }
  /** The oldest batch in flight is answered: brokers answer in order. */
  | { readonly type: 'stored' }
  | { readonly type: 'failed' }
  | { readonly type: 'resume' }

const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ type: fc.constant('add' as const), count: fc.integer({ min: 1, max: 5 }) }),
  ...(['take', 'stored', 'failed', 'resume'] as const).map((type) => fc.constant({ type })),
)

/** A leader that takes a batch only in its turn, as one that knows the producer does. */
class Leader {
  nextSequence = 0
  readonly stored: OutputBatch[] = []

  takes({ sequence, batch }: OutgoingBatch): boolean {
    if (sequence !== this.nextSequence) return false
    this.nextSequence += batch.count
    this.stored.push(batch)
    return true
  }
}

void describe('PartitionQueue', () => {
  void it('stores each record once and in order at a leader that takes batches only in their turn', () => {
    check(
      fc.property(fc.array(step, { maxLength: 60, size: 'max' }), (steps) => assertStoredInOrder(steps)),
      5_000,
    )
  })

  void it('has no more batches in flight than a broker spots repeats of', () => {
    const queue = newQueue()
    for (let i = 0; i < inFlightMax + 2; i++) add(queue, 1)
    queue.stored(queue.take())
    for (let i = 0; i < inFlightMax; i++) queue.take()

    assert.throws(() => queue.take(), /assertion failed: no more batches are in flight/)
  })

  void it('lets no batch pass those that wait to be sent again', () => {
    const queue = newQueue()
    add(queue, 1)
    add(queue, 1)
    queue.failed(queue.take(), 'search')

    assert.equal(queue.isSendable, false)
    assert.throws(() => queue.take(), /assertion failed: nothing is sent while failed batches wait/)
  })

  void it('takes one answer for each batch in flight', () => {
    const queue = newQueue()
    add(queue, 1)
    const taken = queue.take()
    queue.stored(taken)

    assert.throws(() => queue.stored(taken), /assertion failed: a batch is answered once/)
  })

  void it('takes the remedy of the first that fails for all that fail after it', () => {
    const queue = newQueue()
    for (let i = 0; i < 3; i++) add(queue, 1)
    queue.stored(queue.take())
    const [first, second] = [queue.take(), queue.take()]

    queue.failed(first, 'wait')
    assert.equal(queue.putBack(), undefined)
    queue.failed(second, 'search')

    assert.deepEqual(queue.putBack(), { remedy: 'wait', failures: 1 })
  })
})

function assertStoredInOrder(steps: readonly Step[]): void {
  const queue = newQueue()
  const leader = new Leader()
  const inFlight: OutgoingBatch[] = []
  const added: OutputBatch[] = []
  const answer = (isRefused: boolean) => {
    const outgoing = inFlight.shift()!
    if (isRefused || !leader.takes(outgoing)) queue.failed(outgoing, 'search')
    else queue.stored(outgoing)
    queue.putBack()
  }
  const act = ({ type, ...rest }: Step) => {
    if (type === 'add') added.push(add(queue, (rest as { count: number }).count))
    else if (type === 'resume') {
      if (!queue.hasInFlight) queue.resume()
    } else if (type === 'take') {
      if (queue.isSendable && inFlight.length < inFlightMax && queue.next !== undefined) inFlight.push(queue.take())
    } else if (inFlight.length > 0) answer(type === 'failed')
  }

  for (const each of steps) act(each)
  // From here on all goes well, so each round stores a batch, or has those that had failed sent again.
  for (const _ of [...steps, ...steps]) for (const type of ['stored', 'resume', 'take'] as const) act({ type })

  assert.deepEqual(leader.stored, added)
  assert.equal(queue.isWell && !queue.hasInFlight && !queue.isSendable, true)
}

function newQueue(): PartitionQueue {
  return new PartitionQueue({ sink: 0, partition: 0, leader: 1 })
}

function add(queue: PartitionQueue, count: number): OutputBatch {
  const batch = new OutputBatch(100)
  batch.reset(0, 0)
  batch.count = count
  queue.add(batch, () => {}, 0)
  return batch
}
