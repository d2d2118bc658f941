import type { Clock } from '../core/clock.ts'
import { nextInt, type Random } from '../core/random.ts'
import { type ErrorCode, errorCode } from '../protocol/index.ts'
import { FetchSession, type PartitionFound, type WantedPartition } from './fetch-session.ts'

/** As `max.incremental.fetch.session.cache.slots`. */
const sessionsMax = 1_000
// A fetch of more partitions than this goes without a session.
const partitionsMax = 10_000
/** Sessions that rest longer than this make room for others, as in Kafka. */
const idleMsMax = 120_000

/** The id that stands for no session, in requests and in answers. */
const noSession = 0
/** Epochs that do not go on with a session: a full fetch that asks for one, and a full fetch that does not. */
const initialEpoch = 0
const finalEpoch = -1
const idMax = 0x7fffffff

export interface SessionRequest {
  readonly sessionId: number
  readonly sessionEpoch: number
  readonly wanted: readonly WantedPartition[]
  readonly forgotten: readonly { topic: string; topicId: string; partitions: readonly number[] }[]
  readonly isById: boolean
}

/** One fetch: what it is about, and what its answer tells. */
export interface FetchContext {
  readonly wanted: readonly WantedPartition[]
  /** Says what of the results goes into the answer, and which session that belongs to. */
  tell<Found extends PartitionFound>(results: readonly Found[]): { sessionId: number; results: readonly Found[] }
}

/** The fetch sessions of all clients. */
export class FetchSessions {
  readonly #clock: Clock
  readonly #random: Random
  /** The longest unused comes first. */
  readonly #sessions = new Map<number, FetchSession>()

  constructor(clock: Clock, random: Random) {
    this.#clock = clock
    this.#random = random
  }

  /** Finds what a request is about, going on with its session if it names one. */
  open(request: SessionRequest): FetchContext | ErrorCode {
    const { sessionId, sessionEpoch, wanted } = request
    if (sessionEpoch === initialEpoch || sessionEpoch === finalEpoch) {
      this.#sessions.delete(sessionId)
      const isToBegin = sessionEpoch === initialEpoch
      return {
        wanted,
        tell: (results) => ({ sessionId: isToBegin ? this.#begin(request, results) : noSession, results }),
      }
    }
    const session = this.#sessions.get(sessionId)
    if (session === undefined) return errorCode.fetchSessionIdNotFound
    if (session.epoch !== sessionEpoch) return errorCode.invalidFetchSessionEpoch
    if (session.isById !== request.isById) return errorCode.fetchSessionTopicIdError
    return this.#goOn(session, request)
  }

  #goOn(session: FetchSession, { wanted, forgotten }: SessionRequest): FetchContext | ErrorCode {
    for (const partition of wanted) session.want(partition)
    for (const topic of forgotten) for (const partition of topic.partitions) session.forget(topic, partition)
    this.#sessions.delete(session.id)
    if (session.partitionCount === 0) return { wanted: [], tell: (results) => ({ sessionId: noSession, results }) }
    // The client answers this with a full fetch.
    if (session.partitionCount > partitionsMax) return errorCode.fetchSessionIdNotFound
    this.#sessions.set(session.id, session)
    session.usedAtMs = this.#clock.monotonicMs()
    session.advanceEpoch()
    return {
      wanted: session.wanted,
      tell: (results) => ({ sessionId: session.id, results: session.news(results) }),
    }
  }

  /** Begins a session with what its first answer tells; says `noSession` where there is no room. */
  #begin({ wanted, isById }: SessionRequest, results: readonly PartitionFound[]): number {
    if (wanted.length > partitionsMax || !this.#hasRoom()) return noSession
    const session = new FetchSession(this.#newId(), isById, this.#clock.monotonicMs())
    for (const partition of wanted) session.want(partition)
    session.news(results)
    this.#sessions.set(session.id, session)
    return session.id
  }

  #hasRoom(): boolean {
    if (this.#sessions.size < sessionsMax) return true
    const [oldest] = this.#sessions.values()
    if (this.#clock.monotonicMs() - oldest!.usedAtMs <= idleMsMax) return false
    return this.#sessions.delete(oldest!.id)
  }

  #newId(): number {
    for (;;) {
      const id = 1 + nextInt(this.#random, idMax)
      if (!this.#sessions.has(id)) return id
    }
  }
}
