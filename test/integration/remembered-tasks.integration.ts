import assert from 'node:assert/strict'
import { once } from 'node:events'
import { describe, it } from 'node:test'
import { audit, explain, type Layout, relayout } from '../../src/streams/index.ts'
import { until } from '../until.ts'
import { valuesOf } from './customers.ts'
import { keyedMerges, keyedPartitions, keyedRecords, rememberingTopology } from './keyed-topology.ts'
import { startQuietly } from './run.ts'
import { SharingMembers } from './sharing-members.ts'
import { onEachBroker, type Stream, type Target } from './target.ts'

const count = 120
/** What merges in the layout "routed" is in the layout "keyed". */
const layouts = process.env['MILLRACE_KILLS'] === undefined ? (['keyed'] as const) : (['keyed', 'routed'] as const)
const silent = { debug() {}, info() {}, warn() {}, error() {} }

export function rememberedTasks(target: Target): void {
  const members = new SharingMembers(target)

  /** The reasons of the dead letters of a program. */
  async function reasonsOf(stream: Stream, app: string): Promise<(string | undefined)[]> {
    const letters = await stream.read(`${app}.dead-letter`)
    return letters.map(({ headers }) => Object.fromEntries(headers)['millrace.reason'])
  }

  async function assertMergedOnce(stream: Stream, customers: number): Promise<void> {
    assert.deepEqual(valuesOf(await stream.merged()), keyedMerges(customers))
    const { verdict, next } = await audit({ app: stream.app, bootstrapServers: target.bootstrapServers })
    assert.deepEqual([verdict, next?.verdict ?? 'proved'], ['proved', 'proved'])
  }

  async function catchUp(stream: Stream, layout: Layout): Promise<void> {
    const app = await startQuietly(rememberingTopology(stream, layout), target.bootstrapServers)
    await app.caughtUp
    await app.stop()
  }

  describe('completed keys of tasks', () => {
    for (const layout of layouts) {
      it(`in the layout "${layout}" go with their tasks, where a member is killed, joins and leaves`, async () => {
        const stream = await target.stream({ sourcePartitions: keyedPartitions })
        const { app } = stream
        const { bootstrapServers } = target
        const merging = layout === 'keyed' ? app : `${app}.by-id`
        const areAtWork = (number: number) =>
          until(`${number} are at work`, async () => (await members.atWork(`${merging}.tasks`)) === number)
        const areTold = (number: number) =>
          until('further parts are told', async () => (await reasonsOf(stream, merging)).length >= number)
        const start = (fate = {}) => members.start(stream, layout, { program: 'remembering', standbyTasks: 1, ...fate })
        await stream.produce(keyedRecords(['A', 'B', 'C'], 0, count))
        const first = start()
        await areAtWork(1)
        await until('all is merged', async () => (await stream.merged()).length >= count)

        const mortal = start({ death: { diesAtCommit: 1, isCommitSent: true } })
        await areAtWork(2)
        await stream.produce(keyedRecords(['A'], 0, count))
        await once(mortal, 'exit')
        await areTold(count)
        const third = start()
        await areAtWork(2)
        await stream.produce(keyedRecords(['B'], 0, count))
        await areTold(2 * count)
        first.kill('SIGTERM')
        await once(first, 'exit')
        await stream.produce(keyedRecords(['C'], 0, count))
        await areTold(3 * count)
        third.kill('SIGTERM')
        assert.equal((await once(third, 'exit'))[0], 0)

        await assertMergedOnce(stream, count)
        assert.deepEqual(await reasonsOf(stream, merging), Array(3 * count).fill('COMPLETED'))
        const { isRemembered } = await explain({ app: merging, bootstrapServers, key: '7' })
        assert.equal(isRemembered, true)
      })
    }

    it('go with a program from one layout to another', async () => {
      const { bootstrapServers } = target
      const stream = await target.stream({ sourcePartitions: keyedPartitions })
      const few = 30
      const ofMerging = `${stream.app}.by-id`
      let customers = 0
      const ways: readonly (readonly [from: Layout, to: Layout, app: string, letters: number])[] = [
        ['single', 'keyed', stream.app, few],
        ['keyed', 'routed', ofMerging, 2 * few],
        // Those of routed parts have come along.
        ['routed', 'single', stream.app, few + 2 * few + 3 * few],
      ]
      for (const [from, to, app, letters] of ways) {
        await stream.produce(keyedRecords(['A', 'B', 'C'], customers, customers + few))
        customers += few
        await catchUp(stream, from)
        await relayout({ topology: rememberingTopology(stream, from), to, bootstrapServers, logger: silent })
        await stream.produce(keyedRecords(['A'], 0, customers))
        await catchUp(stream, to)

        assert.deepEqual(await reasonsOf(stream, app), Array(letters).fill('COMPLETED'))
        await assertMergedOnce(stream, customers)
      }
    })
  })
}

if (import.meta.main) onEachBroker([rememberedTasks])
