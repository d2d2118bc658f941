import { defineActor, type Reply } from '../src/actors/index.ts'

/** What the actor of the bench takes. */
export type SinkMessage =
  | { type: 'add'; amount: number }
  | { type: 'batch'; amounts: Float64Array; reply: Reply<Float64Array> }
  | { type: 'frame'; bytes: Uint8Array; reply: Reply<Uint8Array> }
  | { type: 'total'; reply: Reply<number> }
  | { type: 'crash' }
  | { type: 'exit' }

/** Adds up what it gets, and gives back bytes, so that they are used again. */
export const sink = defineActor<SinkMessage, { total: number }>({
  name: 'sink',
  init: () => ({ total: 0 }),
  handleInPlace: {
    add: (state, { amount }) => void (state.total += amount),
    batch: (state, { amounts, reply }) => {
      for (let index = 0; index < amounts.length; index++) state.total += amounts[index]!
      reply(amounts)
    },
    frame: (state, { bytes, reply }) => {
      // Touches each line of the cache, as a reader would.
      for (let index = 0; index < bytes.length; index += 64) state.total += bytes[index]!
      reply(bytes)
    },
    total: ({ total }, { reply }) => reply(total),
    crash: () => {
      throw new Error('crash')
    },
    exit: () => process.exit(0),
  },
})
