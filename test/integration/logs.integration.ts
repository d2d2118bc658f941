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

/** What is logged of records that become dead letters. */
export function loggedDeadLetters(target: Target): void {
  describe('dead letters', () => {
    it('are told: the first of each reason with its place and cause, the others by their number', async () => {
      const stream = await target.stream()
      await stream.produce([
        ...customers(2),
        { value: '<xml/>' },
        { value: '{"stage":"Z","id":1}', partition: 1 },
        ...Array.from({ length: 7 }, () => ({ value: '<xml/>' })),
      ])
      const warnings: [facts: object, sentence: string][] = []

      await stream.run(customerTopology(stream), { onWarning: (...line) => warnings.push(line) })

      const first = warnings.filter(([, sentence]) => sentence.startsWith('a record became a dead letter: '))
      const place = { app: stream.app, topic: stream.source }
      assert.deepEqual(
        first
          .map(([facts]) => ({ ...(facts as { partition: number }), cause: '' }))
          .sort((a, b) => a.partition - b.partition),
        [
          { ...place, reason: 'NOT_JSON', partition: 0, offset: 2, cause: '' },
          { ...place, reason: 'UNKNOWN_STAGE', partition: 1, offset: 2, cause: '' },
        ],
      )
      assert.ok(first.some(([facts]) => JSON.stringify(facts).includes('there is no such stage')))
      const counted = warnings.filter(([, sentence]) => sentence === 'more records became dead letters')
      assert.deepEqual(
        counted.map(([facts]) => facts),
        [{ app: stream.app, deadLetters: { NOT_JSON: 7 } }],
      )
    })
  })
}

if (import.meta.main) onEachBroker([logs, loggedDeadLetters])
