import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import type { Report } from '../../src/streams/index.ts'
import { customers, customerTopology, mergesOf, record, saysOf, valuesOf } from '../integration/customers.ts'
import { assertAccount, assertEndedBy, startProgram } from '../integration/run.ts'
import { onEachBroker, type Stream, type Target } from '../integration/target.ts'
import { inTurns } from './in-turns.ts'
import { exitCode, framingBytes, type KilledProgram } from './killed-process.ts'

const program = join(import.meta.dirname, 'killed-process.ts')
const customerCount = 2_500
/** Beyond that it is taken for a loop without an end. */
const restartsMax = 20

/** More starts without an epoch than are taken for chance. */
const manyStarts = 5

function killingRecords(target: Target): void {
  describe('a record that kills the process', () => {
    it('in a stage becomes a dead letter after some restarts, as does the next one in a decoder, and nothing else is missing', async (context) => {
      const stream = await target.stream()
      const killers = [1_234, 2_401]
      const framing = Buffer.alloc(framingBytes)
      const framed = ['A', 'B'].flatMap(sideOf).map(({ value, ...rest }) => {
        return { ...rest, value: Buffer.concat([framing, Buffer.from(value!)]) }
      })
      await stream.produce(framed)

      const { restarts, report } = await runToEnd(
        programOf(stream, { leavesOn: [1_234], diesOn: [2_401], isDecoded: true }),
      )

      context.diagnostic(`${restarts} restarts for ${killers.length} records`)
      assert.deepEqual(valuesOf(await stream.merged()), mergesOf(customerCount, killers))
      assert.deepEqual(
        (await stream.deadLetters()).map((letter) => ({ ...placeOf(saysOf(letter)), value: letter.value })),
        killers.map((id) => ({ reason: 'PROCESS_KILLED', id, value: null })),
      )
      const emitted = 2 * (customerCount - killers.length)
      assertAccount(report, { emitted, pending: killers.length, deadLettered: killers.length })
    })

    it('by chance is taken, and so is what was passed over while it was looked at alone', async () => {
      const stream = await target.stream()
      // In several batches, for several fetches.
      const records = ['A', 'B'].flatMap((side) => sideOf(side))
      for (let i = 0; i < records.length; i += 500) await stream.produce(records.slice(i, i + 500))
      const dying = programOf(stream, { diesOn: [1_234], settings: { processAttempts: 1 } })

      assert.equal(await run(dying), undefined)
      assert.equal(await run(dying), undefined)
      // The suspect takes several fetches now.
      const report = await run(programOf(stream, { settings: { partitionFetchBytes: 16_384 } }))

      assert.deepEqual(valuesOf(await stream.merged()), mergesOf(customerCount))
      assertAccount(report!, { emitted: 2 * customerCount })
    })
  })

  describe('a program that is started again and again', () => {
    it('with nothing to do and stopped each time works as usual', async () => {
      const stream = await target.stream()
      await stream.produce([record('A', 1)])
      await stream.run(customerTopology(stream))

      for (let starts = 0; starts < manyStarts; starts++) {
        const warnings: string[] = []
        const warn = (_facts: object, message: string) => warnings.push(message)
        const logger = { debug() {}, info() {}, warn, error() {} }
        const app = await startProgram(customerTopology(stream), { bootstrapServers: target.bootstrapServers, logger })
        await app.caughtUp
        await app.stop()
        assert.deepEqual(warnings, [])
      }
    })

    it('and ends with an error each time blames no record for it', async () => {
      const stream = await target.stream()
      await stream.produce(customers(10))
      const failing = () => {
        throw new Error('nothing is right')
      }

      for (let starts = 0; starts < 2 * manyStarts; starts++) {
        const { error } = await stream.run(customerTopology(stream, { part: failing }), { maxConsecutivePoison: 2 })
        assertEndedBy(error, 'STAGE_FAILS_ON_EVERYTHING')
      }
      await stream.run(customerTopology(stream, { part: (value) => value.part }))

      assert.deepEqual(valuesOf(await stream.merged()), mergesOf(10))
    })
  })

  function programOf({ app, source, sink }: Stream, { settings, ...killers }: Partial<KilledProgram>): KilledProgram {
    const { bootstrapServers } = target
    return {
      app,
      source,
      sink,
      leavesOn: [],
      diesOn: [],
      isDecoded: false,
      ...killers,
      settings: { bootstrapServers, ...settings },
    }
  }
}

/** Starts the program until it comes to its end, as a service manager does. */
async function runToEnd(given: KilledProgram): Promise<{ restarts: number; report: Report }> {
  for (let restarts = 0; restarts <= restartsMax; restarts++) {
    const report = await run(given)
    if (report !== undefined) return { restarts, report }
  }
  throw new Error(`it still dies after ${restartsMax} restarts`)
}

/** Runs the program until its process ends, and returns its report unless it died. */
function run(given: KilledProgram): Promise<Report | undefined> {
  return new Promise((resolve, reject) => {
    execFile(process.execPath, [program, JSON.stringify(given)], (error, stdout, stderr) => {
      if (error === null) resolve(JSON.parse(stdout))
      else if (error.signal === 'SIGKILL' || error.code === exitCode) resolve(undefined)
      else reject(new Error(`it ended otherwise: ${stderr}`, { cause: error }))
    })
  })
}

function sideOf(side: string) {
  return Array.from({ length: customerCount }, (_, id) => record(side, id))
}

/** Side A comes first, and customers take turns in the two partitions. */
function placeOf({ reason, partition, offset }: ReturnType<typeof saysOf>) {
  return { reason, id: 2 * Number(offset) + Number(partition) }
}

onEachBroker([inTurns([killingRecords])])
