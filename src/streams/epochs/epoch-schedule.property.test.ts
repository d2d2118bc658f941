import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { check } from '../../../test/property.ts'
import { EpochSchedule, type EpochWriting } from './epoch-schedule.ts'

const mebibyte = 1 << 20
const batchBytes = 64 << 10
/** The epoch after one that was slow is computed before that is known. */
const epochsToLearn = 2

interface Course {
  readonly transactionTimeoutMs: number
  /** What the broker takes of the program in a second. */
  readonly bytesPerSecond: number
  /** It takes everything at once and throttles afterwards, after a burst; else it takes that long. */
  readonly isThrottling: boolean
  readonly burstMs: number
  readonly rowBytes: number
  readonly rowCount: number
}

/** A program that has all its rows ready, at a broker that takes no more than it takes. */
class Program {
  readonly schedule: EpochSchedule
  readonly #course: Course
  #nowMs = 0
  /** When the broker takes more, were it to take all of it evenly. */
  #evenMs: number
  #throttledUntilMs = 0
  /** Rows that are not in an epoch; rows of the current one. */
  #left: number
  #rows = 0
  #batches: { bytes: number; writing: EpochWriting }[] = []
  rollbacks = 0
  epochs = 0
  /** The longest time that an epoch took after the broker had shown how slow it is. */
  slowestMs = 0
  /** Epochs since one was too slow. */
  #slowCount = 0

  constructor(course: Course) {
    this.#course = course
    this.#left = course.rowCount
    this.#evenMs = -course.burstMs
    const { transactionTimeoutMs } = course
    this.schedule = new EpochSchedule({
      epochMs: 100,
      epochIdleMs: 20,
      epochBytes: 64 * mebibyte,
      transactionsPerSecondMax: 50,
      checkpointBytesPerSecondMax: mebibyte,
      transactionTimeoutMs,
    })
  }

  run(epochsMax: number): void {
    while (this.#left > 0 && this.epochs + this.rollbacks < epochsMax) {
      this.#compute()
      this.#write()
    }
  }

  #compute(): void {
    const { rowBytes } = this.#course
    while (this.#left > 0 && this.schedule.roomBytes(0) > 0) {
      this.schedule.open(this.#nowMs)
      this.#left--
      this.#rows++
      const writing = this.schedule.sent(rowBytes, this.#nowMs)
      const open = this.#batches.at(-1)
      if (open !== undefined && open.bytes + rowBytes <= batchBytes) open.bytes += rowBytes
      else this.#batches.push({ bytes: rowBytes, writing })
    }
  }

  #write(): void {
    const { transactionTimeoutMs, isThrottling, bytesPerSecond, burstMs } = this.#course
    const rows = this.#rows
    const batches = this.#batches
    const beganMs = this.#nowMs
    this.#rows = 0
    this.#batches = []
    this.schedule.closed(this.#nowMs, 0)
    for (const { bytes, writing } of batches) {
      this.#nowMs = Math.max(this.#nowMs, this.#throttledUntilMs)
      this.#evenMs = Math.max(this.#evenMs, this.#nowMs - burstMs) + (bytes / bytesPerSecond) * 1_000
      this.#nowMs = isThrottling ? this.#nowMs + 1 : Math.max(this.#nowMs, this.#evenMs)
      if (this.#nowMs - beganMs > transactionTimeoutMs) {
        this.#left += rows + this.#rows
        this.#rows = 0
        this.#batches = []
        this.rollbacks++
        return this.schedule.rolledBack(this.#nowMs)
      }
      this.schedule.stored(writing, bytes)
      if (isThrottling && this.#evenMs > this.#nowMs) {
        this.#throttledUntilMs = this.#evenMs
        this.schedule.throttled(this.#evenMs - this.#nowMs, this.#nowMs)
      }
      // The next epoch is computed meanwhile.
      this.#compute()
    }
    this.epochs++
    const tookMs = this.#nowMs - beganMs
    if (this.#slowCount > epochsToLearn) this.slowestMs = Math.max(this.slowestMs, tookMs)
    if (this.#slowCount > 0 || tookMs > transactionTimeoutMs / 4) this.#slowCount++
    this.schedule.committed(this.#nowMs)
  }
}

describe('the schedule of epochs', () => {
  it('gets everything through however slow the broker is, if it takes a row in time', () => {
    const course = fc
      .record({
        transactionTimeoutMs: fc.integer({ min: 1_000, max: 120_000 }),
        isThrottling: fc.boolean(),
        burstShare: fc.double({ min: 0, max: 0.2, noNaN: true }),
        rowBytes: fc.integer({ min: 100, max: mebibyte }),
        rowsInTime: fc.integer({ min: 16, max: 100_000 }),
        rowCount: fc.integer({ min: 1, max: 2_000 }),
      })
      .map(({ burstShare, rowsInTime, ...rest }) => ({
        ...rest,
        burstMs: burstShare * rest.transactionTimeoutMs,
        bytesPerSecond: Math.max(batchBytes, rest.rowBytes * rowsInTime) / (rest.transactionTimeoutMs / 1_000),
      }))
    check(
      fc.property(course, (drawn) => {
        const program = new Program(drawn)
        program.run(5_000)

        assert.equal(program.schedule.isCommitting, false)
        assert.ok(program.rollbacks <= 2, `${program.rollbacks} rollbacks, ${program.epochs} epochs`)
        assert.ok(program.epochs < 5_000, 'it goes on for ever')
        // Where a broker throttles, an epoch may wait for another quarter on account of the one before, and a row.
        const rowMs = (drawn.rowBytes / drawn.bytesPerSecond) * 1_000
        const { transactionTimeoutMs, isThrottling } = drawn
        const mostMs = isThrottling ? transactionTimeoutMs / 2 + rowMs : transactionTimeoutMs * 0.4
        assert.ok(program.slowestMs <= mostMs, `${program.slowestMs} ms`)
      }),
      500,
    )
  })

  it('bounds epochs by nothing but their limits at a broker that is fast', () => {
    const course = fc.record({
      transactionTimeoutMs: fc.integer({ min: 10_000, max: 120_000 }),
      bytesPerSecond: fc.integer({ min: 100 * mebibyte, max: 1_000 * mebibyte }),
      isThrottling: fc.constant(false),
      burstMs: fc.constant(0),
      rowBytes: fc.integer({ min: 10_000, max: mebibyte }),
      rowCount: fc.constant(20_000),
    })
    check(
      fc.property(course, (drawn) => {
        const program = new Program(drawn)
        program.run(5_000)

        assert.equal(program.rollbacks, 0)
        assert.equal(program.schedule.windowBytes, 64 * mebibyte)
      }),
      50,
    )
  })
})
