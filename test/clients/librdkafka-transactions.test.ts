import assert from 'node:assert/strict'
import { join } from 'node:path'
import { before, describe, it } from 'node:test'
import { type Broker, startBroker } from '../../src/broker/index.ts'
import { confluentKafka, pythonAndPipAvailable, runWithPackage } from './python-package.ts'
import { producerEpochs } from './producer-epochs.ts'
import { suiteStack } from '../at-end.ts'
import { versionsSeenBy } from '../protocol/seen-versions.ts'

const available = await pythonAndPipAvailable()
const skip = available === true ? false : available
const topics = ['decided', 'in', 'out', 'owned'].map((name) => ({ name }))

describe("librdkafka's transactions, by Python's confluent-kafka", { skip, timeout: 120_000 }, () => {
  const stack = suiteStack()
  const onRequest = versionsSeenBy('librdkafka', stack)
  let broker: Broker
  let seen: Map<string, string>
  before(async () => {
    broker = stack.use(await startBroker({ topics, onRequest }))
    const program = join(import.meta.dirname, 'python/transactions.py')
    const printed = await runWithPackage(confluentKafka, program, broker.bootstrapServers)
    seen = new Map(printed.split('\n').map((line) => line.split('=') as [string, string]))
  })

  it('commit and abort, and a group reads by its isolation level', () => {
    assert.equal(seen.get('read_committed'), 'kept,kept too')
    assert.equal(seen.get('read_uncommitted'), 'dropped,kept,kept too')
  })

  it('are of version 1: they leave the epoch of their producer as it is', async () => {
    assert.deepEqual(await producerEpochs(broker, 'decided'), [0, 0, 0])
  })

  it('commit consumer offsets together with the records, or not at all', () => {
    assert.equal(seen.get('moved'), 'a')
    assert.equal(seen.get('moved offset'), '1')
    assert.equal(seen.get('left to move'), 'b')
  })

  it('fence the producer that had the transactional id before, and abort what it left open', () => {
    assert.equal(seen.get('fenced'), '_FENCED,fatal')
    assert.equal(seen.get('owned'), 'by the second')
  })
})
