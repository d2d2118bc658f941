/**
 * What members of a classic group tell their leader, and it them, in the form of Kafka's own consumers, so that Kafka's
 * tools can show it.
 */
import {
  consumerAssignment,
  consumerSubscription,
  decodeConsumerMessage,
  encodeConsumerMessage,
} from '../../protocol/index.ts'
import type { Assignment, Claimant } from './cooperative-assignor.ts'
import type { Task } from './membership-state.ts'

const subscriptionVersion = 2
const assignmentVersion = 0
const taskBytes = 4

export function encodeClaim(topic: string, { held, generation }: Omit<Claimant, 'memberId'>): Buffer {
  return encodeConsumerMessage(consumerSubscription, subscriptionVersion, {
    topics: [topic],
    userData: null,
    ownedPartitions: held.length === 0 ? [] : [{ topic, partitions: [...held] }],
    generationId: generation,
  })
}

/** @throws MalformedMessage where a foreign program says something under the name of this protocol. */
export function decodeClaim(topic: string, metadata: Buffer): Omit<Claimant, 'memberId'> {
  const { ownedPartitions, generationId } = decodeConsumerMessage(consumerSubscription, metadata)
  return { held: partitionsOf(topic, ownedPartitions), generation: generationId }
}

export function encodeAssignment(topic: string, { assigned, released }: Assignment): Buffer {
  const userData = Buffer.alloc(taskBytes * released.length)
  for (const [index, task] of released.entries()) userData.writeInt32BE(task, taskBytes * index)
  const assignedPartitions = assigned.length === 0 ? [] : [{ topic, partitions: [...assigned] }]
  return encodeConsumerMessage(consumerAssignment, assignmentVersion, { assignedPartitions, userData })
}

/** A member for which the leader has said nothing has nothing. */
export function decodeAssignment(topic: string, bytes: Buffer): Assignment {
  if (bytes.length === 0) return { assigned: [], released: [] }
  const { assignedPartitions, userData } = decodeConsumerMessage(consumerAssignment, bytes)
  const released = Array.from({ length: (userData?.length ?? 0) / taskBytes }, (_, index) =>
    userData!.readInt32BE(taskBytes * index),
  )
  return { assigned: partitionsOf(topic, assignedPartitions), released }
}

function partitionsOf(topic: string, lists: readonly { topic: string; partitions: Task[] }[]): Task[] {
  return lists.filter((each) => each.topic === topic).flatMap(({ partitions }) => partitions)
}
