import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { join } from 'node:path'
import { systemRandom } from '../../src/core/random.ts'
import { audit, redrive } from '../../src/streams/index.ts'
import { saysOf } from '../integration/customers.ts'
import type { ReadRecord } from '../integration/read-topic.ts'
import { onEachBroker, type Stream, type Target } from '../integration/target.ts'
import { runCampaign } from './campaign.ts'
import { killedRedrives } from './killed-redrive.ts'
import { runUndisturbed } from './program.ts'
import {
  customerIn,
  faultyLineOf,
  faultyPacks,
  lineFaultOf,
  linesPerPack,
  packFaultOf,
  packLettersOf,
  packsOf,
} from './redriven-packs.ts'
import { faultOf, faultyRecords, lettersOf, numberAt } from './redriven-source.ts'

const partitions = 2
const kills = Number(process.env['MILLRACE_KILLS'] ?? 2)
/** A thousand letters, or as many as so few processes die on. */
const customers = kills > 2 ? 640 : 200
const packs = customers / 4
/** Another one for each broker. */
let seed = Number(process.env['MILLRACE_SEED'] ?? systemRandom.nextUint32())

/** Dead letters of a program that has been mended go through it under kill -9, that of who asks for it too. */
export function redrivenCampaign(target: Target): void {
  describe('dead letters that are redriven while processes are killed again and again', () => {
    it('are merged exactly once or dead again, and the audit proves it', async (t) => {
      t.diagnostic(`MILLRACE_SEED=${seed} repeats it`)
      const stream = await target.stream({ sourcePartitions: partitions, otherSources: { packs: partitions } })
      const { bootstrapServers } = target
      const { app, source, sink } = stream
      const program = join(import.meta.dirname, 'redriven-topology.ts')
      const flags = ['--stage-attempts', '1', '--max-consecutive-poison', '100000']
      const experiment = { bootstrapServers, app, source, sink, program }
      const records = faultyRecords(customers, partitions)
      for (let at = 0; at < records.length; at += 200) await stream.produce(records.slice(at, at + 200))
      await stream.produce(faultyPacks(packs, partitions), packsOf(source))
      await runUndisturbed({ ...experiment, environment: { BENCH_MENDED: 'false' } }, flags)
      const expected = expectedLetters()
      assert.deepEqual(reasonsOf(await stream.deadLetters()), expected)
      const letterCount = Object.values(expected).reduce((sum, count) => sum + count, 0)

      await killedRedrives(experiment, seed)
      const again = await redrive({ bootstrapServers, app })

      assert.equal(again.redriven, 0)
      assert.equal(
        again.reasons.reduce((sum, { alreadyRedriven }) => sum + alreadyRedriven, 0),
        letterCount,
      )
      const { report } = await runCampaign({
        experiment: { ...experiment, environment: { BENCH_MENDED: 'true' } },
        records: letterCount,
        partitions,
        kills,
        takeovers: 0,
        seed: seed++,
        fetchBytes: 65_536,
        flags: [...flags, '--heartbeat-interval-ms', '100', '--replay-records-max', '50'],
      })

      assert.equal(report.isBalanced, true)
      const { verdict, accounting } = await audit({ bootstrapServers, app })
      assert.equal(verdict, 'proved')
      const merged = (await stream.merged()).map(({ value }) => (JSON.parse(value!) as { id: number }).id)
      const inPacks = Array.from({ length: packs * linesPerPack }, (_, line) => customerIn(0, line))
      const ids = [...Array(customers).keys(), ...inPacks]
      assert.deepEqual(
        merged.sort((a, b) => a - b),
        ids.filter((id) => !isForEver(id)),
      )
      const dead = await diedAgain(stream, '1')
      assert.deepEqual(reasonsOf(dead), expectedLetters(isForEver))
      const sum = (name: 'redriven' | 'deadLettered') => accounting.reduce((total, account) => total + account[name], 0)
      assert.deepEqual([sum('redriven'), sum('deadLettered')], [letterCount, dead.length])

      await redrive({ bootstrapServers, app })
      await runUndisturbed({ ...experiment, environment: { BENCH_MENDED: 'true' } }, flags)

      assert.deepEqual(reasonsOf(await diedAgain(stream, '2')), expectedLetters(isForEver))
      assert.equal((await stream.merged()).length, merged.length)
      assert.equal((await audit({ bootstrapServers, app })).verdict, 'proved')
    })
  })
}

function isForEver(id: number): boolean {
  return (faultOf(id) ?? lineFaultOf(id))?.endsWith('for ever') ?? false
}

/** Letters of records that have been redriven so often: they say where these were in the source. */
async function diedAgain(stream: Stream, redriven: string): Promise<ReadRecord[]> {
  const letters = (await stream.deadLetters()).filter((letter) => headersOf(letter)['redriven'] === redriven)
  for (const letter of letters) {
    const { topic, partition, offset, index, extent } = headersOf(letter)
    const number = numberAt(Number(partition), Number(offset), partitions)
    if (topic === stream.source) assert.ok(isForEver(number))
    else
      assert.deepEqual(
        [topic, extent, isForEver(customerIn(number, Number(index)))],
        [packsOf(stream.source), 'one', true],
      )
  }
  return letters
}

function headersOf(letter: ReadRecord): Readonly<Record<string, string | undefined>> {
  return saysOf(letter)
}

/** Dead letters by reason, of some customers. */
function expectedLetters(isOne: (id: number) => boolean = () => true): Record<string, number> {
  const counts: Record<string, number> = {}
  for (let id = 0; id < customers; id++) {
    const fault = faultOf(id)
    if (fault === undefined || !isOne(id)) continue
    const [reason, count] = lettersOf[fault]
    counts[reason] = (counts[reason] ?? 0) + count
  }
  for (let pack = 0; pack < packs; pack++) {
    const fault = packFaultOf(pack)
    if (fault === undefined || !isOne(customerIn(pack, faultyLineOf(pack)))) continue
    const [reason, count] = packLettersOf[fault]
    counts[reason] = (counts[reason] ?? 0) + count
  }
  return counts
}

function reasonsOf(letters: readonly ReadRecord[]): Record<string, number> {
  const counts: Record<string, number> = {}
  for (const letter of letters) counts[saysOf(letter).reason] = (counts[saysOf(letter).reason] ?? 0) + 1
  return counts
}

if (import.meta.main) onEachBroker([redrivenCampaign])
