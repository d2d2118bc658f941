import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { type Broker, startBroker } from '../../broker/index.ts'
import { Cluster } from '../cluster/cluster.ts'
import { setUpGroup } from './group-settings.ts'

describe('setUpGroup', () => {
  let broker: Broker
  let cluster: Cluster
  before(async () => {
    broker = await startBroker()
    cluster = new Cluster({ bootstrapServers: broker.bootstrapServers })
  })
  after(async () => {
    await cluster.close()
    await broker.stop()
  })
  const setUp = async (group: string, standbyCount: number) => {
    const told: string[] = []
    const onDegraded = (sentence: string) => told.push(sentence)
    await setUpGroup({ cluster, group, protocol: 'streams', standbyCount, onDegraded })
    return told
  }

  it('says of a setting that the broker refuses what it stays, and sets the others', async () => {
    const refused = await setUp('refused', 3)
    const onceMore = await setUp('refused', 0)

    assert.equal(refused.length, 1)
    assert.match(refused[0]!, /^streams\.num\.standby\.replicas of group "refused" stays 0: .*INVALID_CONFIG/)
    assert.deepEqual(onceMore, [])
  })
})
