import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { checkAsync } from '../../../test/property.ts'
import { LinkMaker, ShardLinks } from './shard-links.ts'

/** Rows that a shard cuts out, by how many bytes they are and whose they are among the others, or the end of an epoch. */
const step = fc.oneof(
  { weight: 8, arbitrary: fc.record({ to: fc.nat(3), bytes: fc.integer({ min: 1, max: 700 }) }) },
  { weight: 1, arbitrary: fc.constant('border' as const) },
)
const scene = fc.record({
  shardCount: fc.integer({ min: 1, max: 4 }),
  ringBytes: fc.constantFrom(64, 128, 1_024, 65_536),
  courses: fc.array(fc.array(step, { maxLength: 40, size: 'max' }), { minLength: 4, maxLength: 4 }),
})

describe('the links of shards', () => {
  it(
    'B17 bring all rows to their shards, in their order and in their epoch, however full the rings are',
    { timeout: 120_000 },
    async () => {
      const property = fc.asyncProperty(scene, async ({ shardCount, ringBytes, courses }) => {
        const shared = new LinkMaker(shardCount, ringBytes).begin(1, () => {})
        const epochCount = Math.max(...courses.map((course) => course.filter((each) => each === 'border').length)) + 1
        const sent = courses.map((): string[] => [])
        const came = courses.map((): string[] => [])
        const shards = courses.slice(0, shardCount).map(async (course, own) => {
          let epoch = 0
          const links = new ShardLinks(own, 1, shared, ({ partition, count, rows }) => {
            came[own]!.push(`${epoch} from ${partition}: ${count} ${Buffer.from(rows).toString('base64')}`)
          })
          const border = async () => {
            assert.equal(await links.border(), true)
            epoch++
          }
          for (const [at, each] of course.entries()) {
            if (each === 'border') await border()
            else if (shardCount > 1) {
              const to = (own + 1 + (each.to % (shardCount - 1))) % shardCount
              const rows = Buffer.alloc(each.bytes, at + 1)
              links.send(to, { partition: own, count: at, rows })
              sent[to]!.push(`${epoch} from ${own}: ${at} ${rows.toString('base64')}`)
              if (!links.pass()) assert.equal(await links.untilFree(), true)
            }
          }
          while (epoch < epochCount) await border()
          return links
        })

        const links = await Promise.all(shards)

        const others = Array.from({ length: shardCount }, (_, shard) => shard)
        for (const to of others) {
          for (const from of others) {
            const isFrom = (text: string) => text.includes(`from ${from}:`)
            assert.deepEqual(came[to]!.filter(isFrom), sent[to]!.filter(isFrom))
            assert.equal(links[to]!.read[from], links[from]!.written[to])
          }
        }
      })
      await checkAsync(property, 100)
    },
  )

  it(
    'B17 let a shard go that waits for room, or for the end of an epoch elsewhere, when its life ends',
    { timeout: 120_000 },
    async () => {
      const maker = new LinkMaker(2, 128)
      const shared = maker.begin(1, () => {})
      const [full, early] = [0, 1].map((own) => new ShardLinks(own, 1, shared, () => assert.fail('nothing comes')))
      full!.send(1, { partition: 0, count: 1, rows: Buffer.alloc(1_000) })

      const waiting = [
        full!.untilFree(),
        new ShardLinks(
          0,
          1,
          maker.begin(1, () => {}),
          () => {},
        ).border(),
      ]
      maker.end()

      assert.deepEqual(await Promise.all(waiting), [false, false])
      assert.equal(await early!.untilFree(), false)
    },
  )
})
