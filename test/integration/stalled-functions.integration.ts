import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { describe, it } from 'node:test'
import { customers, customerTopology, mergesOf, valuesOf } from './customers.ts'
import { startQuietly } from './run.ts'
import { onEachBroker, type Stream, type Target } from './target.ts'
import { closeAtEnd } from '../at-end.ts'

interface LogLine {
  readonly level: number
  readonly msg: string
  readonly operator?: string
  readonly partition?: number
  readonly offset?: number
  readonly waitingFor?: string
}

/** Functions that do not return, or whose promises do not settle. */
export function stalledFunctions(target: Target): void {
  /** Runs a program in a process of its own, which gets SIGTERM once it says that its loop stands still. */
  async function runStalled({ app, source, sink }: Stream, how: 'atOnce' | 'afterPromise') {
    const entry = join(import.meta.dirname, 'stalled-program.ts')
    const child = spawn(process.execPath, [entry, target.bootstrapServers, app, source, sink, how])
    const hasEnded = closeAtEnd(() => child.kill('SIGKILL'))
    child.once('exit', hasEnded)
    const ended = once(child, 'exit') as Promise<[number | null, NodeJS.Signals | null]>
    const lines: LogLine[] = []
    for await (const text of createInterface(child.stderr)) {
      const line = JSON.parse(text) as LogLine
      lines.push(line)
      if (line.msg.includes('stands still')) child.kill('SIGTERM')
    }
    const [code, signal] = await ended
    return { code, signal, lines: lines.filter(({ level }) => level > 30) }
  }

  describe('an endless loop', () => {
    it('in a function is told with stage and record, and ended with the process, which no longer hears signals', async () => {
      const stream = await target.stream()
      await stream.produce(customers(10))

      const { code, signal, lines } = await runStalled(stream, 'atOnce')

      assert.deepEqual([code, signal], [null, 'SIGKILL'])
      assert.deepEqual(
        lines.map(({ level, operator, partition, offset }) => ({ level, operator, partition, offset })),
        [40, 60].map((level) => ({ level, operator: 'stage-A', partition: 1, offset: 2 })),
      )
      await stream.run(customerTopology(stream, { part: ({ part }) => part }))
      assert.deepEqual(valuesOf(await stream.merged()), mergesOf(10))
    })

    it('after a promise is told with the stage that waits for it', async () => {
      const stream = await target.stream()
      await stream.produce(customers(10))

      const { signal, lines } = await runStalled(stream, 'afterPromise')

      assert.equal(signal, 'SIGKILL')
      assert.deepEqual(
        lines.map(({ level, waitingFor }) => [level, waitingFor]),
        [40, 60].map((level) => [level, 'stage-A']),
      )
    })
  })

  it('a promise that never settles keeps no program from being stopped, and its record is read again', async () => {
    const stream = await target.stream()
    await stream.produce(customers(10))
    const called = Promise.withResolvers<void>()
    const part = () => {
      called.resolve()
      return new Promise<never>(() => {})
    }
    const app = await startQuietly(customerTopology(stream, { part }), target.bootstrapServers, { drainMs: 100 })
    await called.promise

    await app.stop()

    await stream.run(customerTopology(stream))
    assert.deepEqual(valuesOf(await stream.merged()), mergesOf(10))
  })

  it('a promise that does not settle in time fails that attempt only', async () => {
    const stream = await target.stream()
    await stream.produce(customers(10))
    let isHanging = true
    const part = ({ id, part: made }: { id: number; part: unknown }) => {
      if (id !== 3 || !isHanging) return made
      isHanging = false
      return new Promise<never>(() => {})
    }

    const { report } = await stream.run(customerTopology(stream, { part }), { stageTimeoutMs: 50 })

    assert.equal(report.isBalanced, true)
    assert.deepEqual(valuesOf(await stream.merged()), mergesOf(10))
    assert.deepEqual(await stream.deadLetters(), [])
  })
}

if (import.meta.main) onEachBroker([stalledFunctions])
