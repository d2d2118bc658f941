import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { field, stage, topology } from '../../src/streams/index.ts'
import { checkAsync } from '../property.ts'
import { valuesOf } from './customers.ts'
import { assertAccount } from './run.ts'
import { onEachBroker, type SourceRecord, type Stream, type Target } from './target.ts'

const sides = ['A', 'B', 'C']
const customerCount = 12

const parts = Array.from({ length: customerCount }, (_, id) => sides.map((side) => ({ side, id }))).flat()
const merges = Array.from(
  { length: customerCount },
  (_, id) => `{"id":${id},"A":"A${id}","B":"B${id}","C":"C${id}"}`,
).sort()

/** The parts in some order, each with a partition and the number of the request it is sent in. */
const histories = fc
  .shuffledSubarray(parts, { minLength: parts.length })
  .chain((order) =>
    fc.tuple(
      fc.constant(order),
      fc.array(fc.nat(2), { minLength: order.length, maxLength: order.length }),
      fc.array(fc.nat(3), { minLength: order.length, maxLength: order.length }),
    ),
  )
  .map(([order, partitions, requests]) =>
    order.map((part, i) => ({ ...part, partition: partitions[i]!, request: requests[i]! })),
  )

export function orderIndependence(target: Target): void {
  describe('the set of merges', () => {
    for (const [order, arranged] of [
      ['side by side', parts.toSorted((a, b) => a.side.localeCompare(b.side))],
      ['customer by customer', parts],
      ['backwards', parts.toReversed()],
    ] as const) {
      it(`does not depend on the order: ${order}`, async () => {
        const stream = await target.stream({ sourcePartitions: 1 })
        await stream.produce(arranged.map(({ side, id }) => toRecord(side, id, 0)))

        await assertMerges(stream)
      })
    }

    it('does not depend on order, partitions and batches', async () => {
      const property = fc.asyncProperty(histories, async (history) => {
        const stream = await target.stream({ sourcePartitions: 3 })
        for (const records of Map.groupBy(history, ({ request }) => request).values()) {
          await stream.produce(records.map(({ side, id, partition }) => toRecord(side, id, partition)))
        }

        await assertMerges(stream)
      })

      await checkAsync(property, 4)
    })
  })
}

async function assertMerges(stream: Stream): Promise<void> {
  const part = field('part')
  const { report } = await stream.run(
    topology(stream.app)
      .source(stream.source)
      .route('by-stage', field('stage'), { A: stage({ part }), B: stage({ part }), C: stage({ part }) })
      .correlate('by-id', field('id'), { of: ['A', 'B', 'C'] })
      .sink(stream.sink),
  )

  assert.deepEqual(valuesOf(await stream.merged()), merges)
  assertAccount(report, { emitted: parts.length })
}

function toRecord(side: string, id: number, partition: number): SourceRecord {
  return { value: `{"stage":"${side}","id":${id},"part":"${side}${id}"}`, partition }
}

if (import.meta.main) onEachBroker([orderIndependence])
