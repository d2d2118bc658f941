import { threadId } from 'node:worker_threads'
import type { CustomerRecord } from './customers.ts'

let callsLeft = 60 + ((threadId * 7_919) % 240)

/** Gives the part of a record, and ends its thread after some hundred calls, in the middle of a batch. */
export function mortal({ part }: CustomerRecord): CustomerRecord['part'] {
  if (callsLeft-- === 0) process.exit()
  return part
}
