import assert from 'node:assert/strict'
import { once } from 'node:events'
import { describe, it } from 'node:test'
import { partitionForKey } from '../../src/kafka/index.ts'
import { audit, deadLetters, type Layout, redrive } from '../../src/streams/index.ts'
import { until } from '../until.ts'
import { valuesOf } from './customers.ts'
import { keyedMerges } from './keyed-topology.ts'
import { SharingMembers } from './sharing-members.ts'
import { onEachBroker, type SourceRecord, type Suite } from './target.ts'

const sourcePartitions = 3
const count = 300
const sides = ['A', 'B', 'C']

/** @param idOf - Whose record of a side a pack has. @param partitionOf - Where it is. */
function packing(
  layout: Layout,
  idOf: (pack: number, side: number) => number,
  partitionOf: (pack: number) => number,
): Suite {
  const packOf = (pack: number, ...others: readonly object[]): SourceRecord => {
    const records = sides.map((stage, side) => {
      const id = idOf(pack, side)
      return { stage, id, part: `${stage}${id}` }
    })
    return { value: JSON.stringify({ records: [...records, ...others] }), partition: partitionOf(pack) }
  }
  const packs = (from: number, to: number) => Array.from({ length: to - from }, (_, at) => packOf(from + at))

  return (target) => {
    const members = new SharingMembers(target)

    describe(`several records of one in the layout "${layout}"`, () => {
      it('are merged once each, where a member dies over them, and each has an account', async () => {
        const { bootstrapServers } = target
        const stream = await target.stream({ sourcePartitions })
        const { app, source } = stream
        const tasksTopics = [`${app}.tasks`, ...(layout === 'routed' ? [`${app}.by-id.tasks`] : [])]
        const areAtWork = async (number: number) => {
          const counts = await Promise.all(tasksTopics.map((topic) => members.atWork(topic)))
          return counts.every((each) => each === number)
        }
        await stream.produce([packOf(0, { stage: 'D', id: 0 }), ...packs(1, 100)])
        const living = members.start(stream, layout, { program: 'packed' })
        await until('one has all tasks', () => areAtWork(1))
        const death = { diesAtCommit: 1, isCommitSent: layout === 'routed' }
        const dying = members.start(stream, layout, { program: 'packed', death })
        const dies = once(dying, 'exit')
        await until('both are at work', () => areAtWork(2))
        await stream.produce(packs(100, count))
        await dies
        await until('all is merged', async () => (await stream.merged()).length >= count)
        await redrive({ app, bootstrapServers })
        await until('what is redriven has died again', async () => (await stream.deadLetters()).length === 2)
        living.kill('SIGTERM')
        await once(living, 'exit')

        assert.deepEqual(valuesOf(await stream.merged()), keyedMerges(count))
        const letters = await deadLetters({ app, bootstrapServers })
        const place = { topic: source, partition: partitionOf(0), index: sides.length, offset: 0 }
        assert.deepEqual(
          letters.map(({ reason, origins, redriven }) => ({ reason, origins, redriven })),
          [1, undefined].map((redriven) => ({ reason: 'UNKNOWN_STAGE', origins: [place], redriven })),
        )
        const { verdict, accounting, next } = await audit({ app, bootstrapServers })
        assert.deepEqual([verdict, next?.verdict], ['proved', layout === 'routed' ? 'proved' : undefined])
        assert.equal(
          accounting.reduce((sum, { emitted }) => sum + emitted, 0),
          sides.length * count,
        )
      })
    })
  }
}

/** In each layout. */
export const packedTasks = [
  packing(
    'keyed',
    (pack) => pack,
    (pack) => partitionForKey(Buffer.from(String(pack)), sourcePartitions),
  ),
  packing(
    'routed',
    (pack, side) => (pack + side) % count,
    (pack) => pack % sourcePartitions,
  ),
] as const

if (import.meta.main) onEachBroker(packedTasks)
