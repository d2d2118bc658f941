import { assert } from '../../core/assert.ts'
import type { RunOptions } from '../options.ts'

type EpochLimits = Pick<
  RunOptions,
  | 'epochMs'
  | 'epochIdleMs'
  | 'epochBytes'
  | 'transactionsPerSecondMax'
  | 'checkpointBytesPerSecondMax'
  | 'transactionTimeoutMs'
>

/** The share of `transactionTimeoutMs` in which an epoch is to be written. */
const writingShare = 1 / 4
/** The rate at which a broker is assumed to write until it is measured. */
const firstBytesPerSecond = 256 << 10
/** The smallest window: an epoch takes at least one row, and its manifest has about as many bytes. */
const windowBytesMin = 1024
/**
 * The window grows by what is stored; after it had to shrink by this share of it, until it is as large as it may be.
 */
const cautiousGrowth = 1 / 8
/** How long nothing may come into an epoch that is to stay open; then no more is to be expected. */
const quietMs = 1_000
/**
 * Pause between the end of a commit and an epoch that is closed early. Kafka answers a commit before its markers are
 * written, and lets a transaction that begins before that wait for 20 ms.
 */
const pauseMs = 5
/** Bytes that an epoch may write for expired rows and for promoted parts, as a share of the window. */
const sideShare = 1 / 4

/** How far an epoch has been written. */
export interface EpochWriting {
  sentBytes: number
  storedBytes: number
  /** When its transaction began, or the broker took more; undefined before. */
  startMs: number | undefined
}

/**
 * Says when an epoch is due, and how much may be computed ahead of the broker: no IO, no time of its own.
 *
 * An epoch is one transaction, and has to be written well within `transactionTimeoutMs`. So a window bounds the bytes
 * that are computed and not stored yet. The window begins small and grows with the bytes that are stored, as the
 * congestion window of TCP does. It shrinks to the bytes that can be written in time when an epoch took longer, or a
 * broker announces a throttle time; and to half or less when an epoch was rolled back after it had taken longer. At a
 * fast broker it is as large as `epochBytes`, and only the other limits count.
 *
 * While there is more to read, an epoch takes in records for `epochMs`, though nothing may be on its way: who waits for a
 * broker would only give it more to do. When all has been read it is closed early: after a short pause, and within the
 * bounds on transactions and checkpoint bytes per second.
 *
 * State: the window; the pace; the current epoch, and the one that is being committed. It outlives rollbacks.
 */
export class EpochSchedule {
  readonly #limits: EpochLimits
  readonly #writingMs: number
  readonly #windowBytesMax: number
  #windowBytes: number
  #growth = 1
  #throttledUntilMs = -Infinity
  /** Before this time no epoch is closed early. */
  #earlyFromMs = -Infinity
  /** Undefined while nothing is in the current epoch. */
  #openedMs: number | undefined
  #lastRowsMs = 0
  /** Bytes that it will write at its end. */
  #owedBytes = 0
  #current = newWriting()
  #closed: EpochWriting | undefined

  constructor(limits: EpochLimits) {
    this.#limits = limits
    this.#writingMs = limits.transactionTimeoutMs * writingShare
    this.#windowBytesMax = Math.max(limits.epochBytes, windowBytesMin)
    this.#windowBytes = this.#bounded((firstBytesPerSecond * this.#writingMs) / 1_000)
  }

  /** Bytes that may be computed and not stored. */
  get windowBytes(): number {
    return this.#windowBytes
  }

  /** Bytes that an epoch may write for expired rows, and for parts that are promoted. */
  get sideBytes(): number {
    return Math.floor(this.#windowBytes * sideShare)
  }

  /** Whether the current epoch has anything in it. */
  get isOpen(): boolean {
    return this.#openedMs !== undefined
  }

  /** When the first thing came into the current epoch; undefined while nothing is in it. */
  get openedMs(): number | undefined {
    return this.#openedMs
  }

  /** Whether an epoch is on its way to the broker. */
  get isCommitting(): boolean {
    return this.#closed !== undefined
  }

  /** Something came into the current epoch. */
  open(nowMs: number): void {
    this.#lastRowsMs = nowMs
    this.#openedMs ??= nowMs
  }

  /** The current epoch will write so much more at its end. */
  owe(bytes: number): void {
    this.#owedBytes += bytes
  }

  /** Bytes of the current epoch are sent; `stored` takes what is returned. */
  sent(bytes: number, nowMs: number): EpochWriting {
    const writing = this.#current
    writing.sentBytes += bytes
    if (!this.isCommitting) this.#begin(writing, nowMs)
    return writing
  }

  /** A broker has stored some of the bytes that were sent, so it may take more the next time. */
  stored(writing: EpochWriting, bytes: number): void {
    writing.storedBytes += bytes
    assert(writing.storedBytes <= writing.sentBytes, 'no more bytes are stored than were sent')
    this.#windowBytes = this.#bounded(this.#windowBytes + bytes * this.#growth)
    if (this.#windowBytes === this.#windowBytesMax) this.#growth = 1
  }

  /** A broker that has stored bytes reads nothing more for so long. */
  throttled(throttleMs: number, nowMs: number): void {
    this.#throttledUntilMs = Math.max(this.#throttledUntilMs, nowMs + throttleMs)
    const { storedBytes, startMs } = this.#closed ?? this.#current
    if (startMs !== undefined && storedBytes > 0) this.#fit(storedBytes, this.#throttledUntilMs - startMs)
  }

  /**
   * The current epoch is complete; the next one begins.
   *
   * @param checkpointBytes - That it wrote to the checkpoint topic.
   */
  closed(nowMs: number, checkpointBytes: number): void {
    const { transactionsPerSecondMax, checkpointBytesPerSecondMax } = this.#limits
    const seconds = Math.max(1 / transactionsPerSecondMax, checkpointBytes / checkpointBytesPerSecondMax)
    this.#earlyFromMs = nowMs + seconds * 1_000
    this.#next()
  }

  /** The epoch that was closed is durable. */
  committed(nowMs: number): void {
    assert(this.#closed !== undefined, 'an epoch is committed after it was closed')
    const { sentBytes, startMs } = this.#closed
    this.#closed = undefined
    if (startMs !== undefined) this.#fit(sentBytes, nowMs - startMs)
    this.#earlyFromMs = Math.max(this.#earlyFromMs, nowMs + pauseMs)
    if (this.#current.sentBytes > 0) this.#begin(this.#current, nowMs)
  }

  /** The epochs that have not committed are undone. */
  rolledBack(nowMs: number): void {
    const { sentBytes, storedBytes, startMs } = this.#closed ?? this.#current
    const tookMs = startMs === undefined ? 0 : nowMs - startMs
    if (tookMs > this.#writingMs) {
      const inTimeBytes = storedBytes > 0 ? this.#inTime(storedBytes, tookMs) : Infinity
      this.#shrink(Math.min(this.#windowBytes / 2, sentBytes / 2, inTimeBytes))
    }
    this.#next()
    this.#closed = undefined
  }

  /**
   * Bytes that may still be computed before something is stored; 0 where it is full.
   *
   * @param openBytes - Of batches that are being filled.
   */
  roomBytes(openBytes: number): number {
    const { sentBytes, storedBytes } = this.#current
    return Math.max(0, this.#windowBytes - (sentBytes - storedBytes) - this.#owedBytes - openBytes)
  }

  /**
   * Whether the current epoch is to be closed now.
   *
   * @param isAllRead - Whether nothing is on its way, and there is no more to read.
   */
  isDue(nowMs: number, openBytes: number, isAllRead: boolean): boolean {
    if (this.#openedMs === undefined || this.isCommitting) return false
    const { epochBytes } = this.#limits
    if (nowMs >= this.#openedMs + this.#epochMs || this.roomBytes(openBytes) === 0) return true
    if (this.#current.sentBytes + this.#owedBytes >= epochBytes) return true
    return isAllRead && nowMs >= this.#earlyMs
  }

  /**
   * Whether the current epoch may stay open beyond its time: more may come, and neither the broker nor memory suffers.
   */
  mayStayOpen(nowMs: number, openBytes: number, isIdle: boolean): boolean {
    if (this.#openedMs === undefined || (isIdle && nowMs >= this.#lastRowsMs + quietMs)) return false
    const { startMs, sentBytes } = this.#current
    if (this.roomBytes(openBytes) === 0 || sentBytes + this.#owedBytes >= this.#limits.epochBytes) return false
    return startMs === undefined || nowMs < startMs + this.#writingMs
  }

  /**
   * How soon the current epoch could be due by its time; undefined while nothing is in it.
   *
   * @param mayBeEarly - Whether there is no more to read than what is on its way.
   */
  dueInMs(nowMs: number, mayBeEarly: boolean): number | undefined {
    if (this.#openedMs === undefined) return undefined
    return Math.min(this.#openedMs + this.#epochMs, mayBeEarly ? this.#earlyMs : Infinity) - nowMs
  }

  /** When the current epoch may be closed if nothing more is there to read. */
  get #earlyMs(): number {
    return Math.max(this.#earlyFromMs, this.#lastRowsMs + this.#limits.epochIdleMs)
  }

  #next(): void {
    this.#closed = this.#current
    this.#current = newWriting()
    this.#openedMs = undefined
    this.#owedBytes = 0
  }

  get #epochMs(): number {
    return Math.min(this.#limits.epochMs, this.#writingMs)
  }

  #begin(writing: EpochWriting, nowMs: number): void {
    writing.startMs ??= Math.max(nowMs, this.#throttledUntilMs)
  }

  /** Shrinks the window where writing took longer than an epoch may. */
  #fit(bytes: number, tookMs: number): void {
    const inTimeBytes = this.#inTime(bytes, tookMs)
    if (tookMs > this.#writingMs && inTimeBytes < this.#windowBytes) this.#shrink(inTimeBytes)
  }

  #shrink(bytes: number): void {
    this.#windowBytes = this.#bounded(bytes)
    this.#growth = cautiousGrowth
  }

  /** Bytes that can be written in the time of an epoch, where so many took so long. */
  #inTime(bytes: number, tookMs: number): number {
    return (bytes * this.#writingMs) / Math.max(1, tookMs)
  }

  #bounded(bytes: number): number {
    return Math.max(windowBytesMin, Math.min(this.#windowBytesMax, bytes))
  }
}

function newWriting(): EpochWriting {
  return { sentBytes: 0, storedBytes: 0, startMs: undefined }
}
