import assert from 'node:assert/strict'
import { offsetCommit } from '../../src/protocol/index.ts'
import { WireClient } from '../contract/wire-client.ts'

/** The version is the last that names topics and no ids of members. */
const version = 8
const noGeneration = -1

/**
 * Commits the next offset of each partition of a topic as somebody who is no member of the group, at a cluster of one
 * broker.
 */
export async function commitOffsets(
  { bootstrapServers }: { readonly bootstrapServers: string },
  groupId: string,
  topic: string,
  offsets: readonly number[],
): Promise<void> {
  await using client = await WireClient.connect(bootstrapServers)
  const partitions = offsets.map((offset, partitionIndex) => ({
    partitionIndex,
    committedOffset: offset,
    committedMetadata: null,
  }))
  const response = await client.call(offsetCommit, version, {
    groupId,
    generationIdOrMemberEpoch: noGeneration,
    memberId: '',
    topics: [{ name: topic, partitions }],
  })
  assert.ok(response.topics[0]!.partitions.every(({ errorCode }) => errorCode === 0))
}
