import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { MillraceError } from '../../src/core/errors.ts'
import type { App } from '../../src/streams/index.ts'
import { customers, customerTopology, mergesOf, valuesOf } from './customers.ts'
import { assertRefused, type RunSettings, startQuietly } from './run.ts'
import { onEachBroker, type Stream, type Target } from './target.ts'
import { until } from '../until.ts'

export function programsOfOneName(target: Target): void {
  /** Another program of the name of a stream, with topics of its own. */
  const others = async (stream: Stream): Promise<Stream> => ({ ...(await target.stream()), app: stream.app })

  /** Starts a process, and collects what it warns of. */
  const starting = async (stream: Stream, settings: RunSettings = {}) => {
    const warnings: { sentence: string; err: unknown }[] = []
    const onWarning: RunSettings['onWarning'] = ({ err }, sentence) => warnings.push({ sentence, err })
    const program = customerTopology(stream)
    return { app: await startQuietly(program, target.bootstrapServers, { ...settings, onWarning }), warnings }
  }

  const hasRole = async (app: App, role: App['role']) => {
    await until(`the program is ${role}`, () => app.role === role)
  }

  describe('a second program of the same name', () => {
    for (const standbyRefreshMs of [0, 10]) {
      it(`says at once that another one is active, and takes nothing over (standbyRefreshMs ${standbyRefreshMs})`, async () => {
        const production = await target.stream()
        const staging = await others(production)
        await production.produce(customers(2))
        await staging.produce(customers(5))
        const { app: active } = await starting(production)
        await active.caughtUp

        const { app, warnings } = await starting(staging, { standbyRefreshMs })
        assert.equal(app.role, 'incompatible')
        await active.stop()

        await assert.rejects(app.done, (error) => {
          assert.ok(MillraceError.is(error))
          assert.equal(error.code, 'CHECKPOINT_INCOMPATIBLE')
          assert.ok(error.message.includes(`source was ${production.source} and is ${staging.source}`), error.message)
          return true
        })
        const [first, ...more] = warnings.filter(({ sentence }) => sentence.startsWith('another program of this name'))
        assert.ok(MillraceError.is(first?.err) && first.err.message.includes(`source was ${production.source}`))
        assert.deepEqual(more, [])
        assert.deepEqual(
          warnings.filter(({ sentence }) => sentence.includes('warm')),
          [],
        )
        assert.deepEqual(valuesOf(await production.merged()), mergesOf(2))
        assert.deepEqual(await staging.merged(), [])
      })
    }

    it('says so as soon as the active one has committed its first epoch', async () => {
      const production = await target.stream()
      const { app: active } = await starting(production)
      const { app, warnings } = await starting(await others(production))
      assert.equal(app.role, 'standby')

      await production.produce(customers(1))
      await hasRole(app, 'incompatible')

      assert.equal(warnings.filter(({ sentence }) => sentence.startsWith('another program of this name')).length, 1)
      await Promise.all([app.stop(), active.stop()])
    })

    it('ends at once where it is told to', async () => {
      const production = await target.stream()
      await production.produce(customers(1))
      const { app: active } = await starting(production)
      await active.caughtUp

      const second = starting(await others(production), { onIncompatible: 'exit' })

      await assert.rejects(second, { code: 'CHECKPOINT_INCOMPATIBLE' })
      await active.stop()
    })

    it('ends later where it is told to, once it knows', async () => {
      const production = await target.stream()
      const { app: active } = await starting(production)
      const { app } = await starting(await others(production), { onIncompatible: 'exit' })

      await production.produce(customers(1))

      await assert.rejects(app.done, { code: 'CHECKPOINT_INCOMPATIBLE' })
      await active.stop()
    })

    it('is told apart from a standby also where only its sink is another', async () => {
      const production = await target.stream()
      const { sink } = await target.stream()
      await production.produce(customers(1))
      const { app: active } = await starting(production)
      await active.caughtUp

      const { app, warnings } = await starting({ ...production, sink })

      assert.equal(app.role, 'standby')
      assert.deepEqual(
        warnings.map(({ sentence }) => sentence.replace(/:.*/, '')),
        ['the active process of this name writes to another sink'],
      )
      await app.stop()
      await active.stop()
    })

    it('of the same program stands by without a warning', async () => {
      const stream = await target.stream()
      await stream.produce(customers(1))
      const { app: active } = await starting(stream)
      await active.caughtUp

      const { app, warnings } = await starting(stream)

      assert.deepEqual([app.role, warnings], ['standby', []])
      await app.stop()
      await active.stop()
    })
  })

  it('a group that another consumer has used is told as that, and left as it is', async () => {
    const stream = await target.stream()
    await stream.produce(customers(3))
    const partitions = [
      { partition: 0, offset: '2' },
      { partition: 1, offset: '1' },
    ]
    await target.admin.setOffsets({ groupId: stream.app, topic: stream.source, partitions })

    await assertRefused(customerTopology(stream), target.bootstrapServers, {
      code: 'GROUP_FOREIGN',
      message: /another consumer has committed/,
    })

    const [kept] = await target.admin.fetchOffsets({ groupId: stream.app, topics: [stream.source] })
    assert.deepEqual(
      kept!.partitions.map(({ partition, offset }) => ({ partition, offset })),
      partitions,
    )
  })
}

if (import.meta.main) onEachBroker([programsOfOneName])
