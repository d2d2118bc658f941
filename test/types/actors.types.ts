/** Compiled with everything else, never run: what must not compile says so with `@ts-expect-error`. */
import { type ActorRef, type ActorSystem, defineActor, type Reply } from '../../src/doors/actors.ts'

type CounterMessage = { type: 'add'; amount: number } | { type: 'total'; reply: Reply<number> }

declare const system: ActorSystem

/** Handlers return the next state. */
export const counter = defineActor<CounterMessage, number>({
  name: 'counter',
  init: () => 0,
  handle: {
    add: (total, { amount }) => total + amount,
    total: (total, { reply }) => {
      reply(total)
      return total
    },
  },
})

defineActor<CounterMessage, number>({
  name: 'counter',
  init: () => 0,
  handle: {
    // @ts-expect-error the sum is not returned
    add: (total, { amount }) => {
      total += amount
    },
    total: (total) => total,
  },
})

defineActor<CounterMessage, number>({
  name: 'counter',
  init: () => 0,
  handle: {
    // @ts-expect-error nor is it where the handler is asynchronous
    add: async (total, { amount }) => {
      total += amount
    },
    total: (total) => total,
  },
})

/** Handlers in place return nothing. */
export const list = defineActor<{ type: 'note'; text: string }, string[]>({
  name: 'list',
  init: () => [],
  handleInPlace: { note: (notes, { text }) => void notes.push(text) },
})

defineActor<{ type: 'note'; text: string }, string[]>({
  name: 'list',
  init: () => [],
  // @ts-expect-error what is returned would be lost
  handleInPlace: { note: (notes, { text }) => [...notes, text] },
})

// @ts-expect-error an actor has handlers
defineActor<CounterMessage, number>({ name: 'counter', init: () => 0 })

/** A definition tells which messages its actor takes. */
export const ref: ActorRef<CounterMessage> = system.ref(counter)
export const total: Promise<number> = system.ref(counter).ask({ type: 'total' })
export const told: Promise<void> = system.ref(counter).tell({ type: 'add', amount: 1 })

// @ts-expect-error the counter takes no notes
void system.ref(counter).tell({ type: 'note', text: 'one' })
