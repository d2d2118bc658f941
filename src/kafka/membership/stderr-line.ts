import { writeSync } from 'node:fs'
import { hostname } from 'node:os'
import { systemClock } from '../../core/clock.ts'

const stderr = 2
const levels = { warn: 40, fatal: 60 } as const

/**
 * Writes a line to standard error as pino does, at once and from whatever thread: the streams of other threads are
 * written to by the main one, and loggers run there.
 */
export function writeLine(level: keyof typeof levels, facts: object, sentence: string): void {
  const from = { time: systemClock.nowMs(), pid: process.pid, hostname: hostname(), name: 'millrace' }
  try {
    writeSync(stderr, `${JSON.stringify({ level: levels[level], ...from, ...facts, msg: sentence })}\n`)
  } catch {
    // Nobody reads it.
  }
}
