import { threadId } from 'node:worker_threads'
import type { CustomerRecord } from './customers.ts'

/** How many threads have ended, as far as the main thread has told those that it starts since. */
export const endedVariable = 'MORTAL_ENDED'
/** More of them within ten seconds than their supervisor allows would end the program, on a fast machine. */
const endsMax = 60

const isMortal = Number(process.env[endedVariable] ?? 0) < endsMax
let callsLeft = isMortal ? 60 + ((threadId * 7_919) % 240) : Infinity

/** Gives the part of a record. */
export function given({ part }: CustomerRecord): CustomerRecord['part'] {
  return part
}

/** Gives the part of a record, and ends its thread after some hundred calls, in the middle of a batch. */
export function mortal({ part }: CustomerRecord): CustomerRecord['part'] {
  if (callsLeft-- === 0) process.exit()
  return part
}
