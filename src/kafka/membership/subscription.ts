/**
 * What members tell their leader, and it them, in the form of Kafka's own consumers, so that Kafka's tools can show it.
 */
import {
  consumerAssignment,
  consumerSubscription,
  decodeConsumerMessage,
  encodeConsumerMessage,
} from '../../protocol/index.ts'

/** The one partition that says who is the active process. */
const lockPartition = 0

const subscriptionVersion = 2
const assignmentVersion = 0

/** What decides among members. Generations are the clock that all of them share. */
export interface Candidacy {
  /** The generation that the member owned the partition in last; -1 when it never did. */
  readonly ownerIn: number
  /** The first generation of the member; -1 before that. */
  readonly memberSince: number
}

export const newcomer: Candidacy = { ownerIn: -1, memberSince: -1 }

export function encodeSubscription(topic: string, { ownerIn, memberSince }: Candidacy): Buffer {
  const userData = Buffer.alloc(4)
  userData.writeInt32BE(memberSince)
  const ownedPartitions = ownerIn < 0 ? [] : [lockOf(topic)]
  return encodeConsumerMessage(consumerSubscription, subscriptionVersion, {
    topics: [topic],
    userData,
    ownedPartitions,
    generationId: ownerIn,
  })
}

/**
 * Anything unreadable is taken for a newcomer: it comes from a later version, or from a program that is not this one.
 */
export function decodeSubscription(metadata: Buffer): Candidacy {
  try {
    const { userData, ownedPartitions, generationId } = decodeConsumerMessage(consumerSubscription, metadata)
    // What another program says in an earlier version means something else.
    if (metadata.readInt16BE(0) < subscriptionVersion) return newcomer
    return { ownerIn: ownedPartitions.length === 0 ? -1 : generationId, memberSince: userData!.readInt32BE(0) }
  } catch {
    return newcomer
  }
}

/** @param topic - The topic whose partition the member owns; absent for one that owns nothing. */
export function encodeAssignment(topic?: string): Buffer {
  const assignedPartitions = topic === undefined ? [] : [lockOf(topic)]
  return encodeConsumerMessage(consumerAssignment, assignmentVersion, { assignedPartitions, userData: null })
}

/** Says whether an assignment makes its member the owner. */
export function isOwnership(assignment: Buffer, topic: string): boolean {
  if (assignment.length === 0) return false
  return decodeConsumerMessage(consumerAssignment, assignment).assignedPartitions.some(
    (assigned) => assigned.topic === topic && assigned.partitions.includes(lockPartition),
  )
}

function lockOf(topic: string) {
  return { topic, partitions: [lockPartition] }
}
