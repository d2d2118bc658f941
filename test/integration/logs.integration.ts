import assert from 'node:assert/strict'
import { Writable } from 'node:stream'
import { describe, it } from 'node:test'
import pino from 'pino'
import { customers, customerTopology } from './customers.ts'
import { onEachBroker, type Target } from './target.ts'
import { startProgram } from './run.ts'

export function logs(target: Target): void {
  describe("a user's pino", () => {
    it('is given errors as it writes them: with message, stack, cause and code', async () => {
      const stream = await target.stream()
      await stream.produce(customers(2))
      const written: string[] = []
      const logger = pino(
        { level: 'debug' },
        new Writable({ write: (line, _, done) => done(void written.push(`${line}`)) }),
      )
      const part = () => {
        throw new Error('no price found', { cause: new Error('the table is empty') })
      }
      const limits = { stageAttempts: 1, maxConsecutivePoison: 1 }

      const { bootstrapServers } = target
      await using app = await startProgram(customerTopology(stream, { part }), { bootstrapServers, logger, ...limits })
      await assert.rejects(app.done, { code: 'STAGE_FAILS_ON_EVERYTHING' })

      const lines = written.map((line) => JSON.parse(line))
      assert.deepEqual(
        lines.filter((line) => 'error' in line),
        [],
      )
      const { err } = lines.find((line) => line.err?.code === 'STAGE_FAILS_ON_EVERYTHING')
      assert.deepEqual([err.type, err.retryable], ['FunctionError', false])
      for (const text of ['"stage-A" failed', 'no price found', 'the table is empty']) {
        assert.ok(err.message.includes(text), `${text} in ${err.message}`)
        assert.ok(err.stack.includes(text), `${text} in ${err.stack}`)
      }
      assert.match(err.stack, /logs\.integration\.ts/)
    })
  })
}

if (import.meta.main) onEachBroker([logs])
