/**
 * What members tell their leader, and it them, in the form of Kafka's own consumers, so that Kafka's tools can show it.
 *
 * @see Kafka's ConsumerProtocolSubscription, version 2, and ConsumerProtocolAssignment, version 0
 */
import { Reader, Writer } from '@platformatic/kafka'

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
  const writer = Writer.create()
    .appendInt16(subscriptionVersion)
    .appendArray([topic], (w, name) => w.appendString(name, false), false, false)
    .appendBytes(userData, false)
  return appendPartitions(writer, ownerIn < 0 ? [] : [topic]).appendInt32(ownerIn).buffer
}

/** Anything unreadable is taken for a newcomer: it comes from a later version, or from a program that is not this one. */
export function decodeSubscription(metadata: Buffer): Candidacy {
  const reader = Reader.from(metadata)
  try {
    const version = reader.readInt16()
    reader.readArray(readName, false, false)
    const userData = reader.readBytes(false)
    if (version < subscriptionVersion) return newcomer
    const owned = readPartitions(reader)
    const generationId = reader.readInt32()
    return { ownerIn: owned.length === 0 ? -1 : generationId, memberSince: userData.readInt32BE(0) }
  } catch {
    return newcomer
  }
}

/** @param topic - The topic whose partition the member owns; absent for one that owns nothing. */
export function encodeAssignment(topic?: string): Buffer {
  const writer = Writer.create().appendInt16(assignmentVersion)
  return appendPartitions(writer, topic === undefined ? [] : [topic]).appendBytes(null, false).buffer
}

/** Says whether an assignment makes its member the owner. */
export function isOwnership(assignment: Buffer, topic: string): boolean {
  if (assignment.length === 0) return false
  const reader = Reader.from(assignment)
  reader.readInt16()
  return readPartitions(reader).some(({ name, partitions }) => name === topic && partitions.includes(lockPartition))
}

function appendPartitions(writer: Writer, topics: string[]): Writer {
  const appendLock = (w: Writer) => w.appendArray([lockPartition], (each, p) => each.appendInt32(p), false, false)
  return writer.appendArray(topics, (w, name) => appendLock(w.appendString(name, false)), false, false)
}

function readPartitions(reader: Reader): { name: string; partitions: number[] }[] {
  const readTopic = (r: Reader) => ({
    name: readName(r),
    partitions: r.readArray((each) => each.readInt32(), false, false),
  })
  return reader.readArray(readTopic, false, false)
}

/** A length below 0 would lead back to where it stands, again and again. */
function readName(reader: Reader): string {
  const start = reader.position
  const name = reader.readString(false)
  if (reader.position <= start) throw new RangeError('a name has a negative length')
  return name
}
