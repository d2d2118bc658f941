import { type ActorRefFrom, createActor, fromTransition } from 'xstate'
import type { CountingActor } from './counting-actor.ts'

type Event = { type: 'add'; amount: number } | { type: 'total'; reply: (total: number) => void }

const counting = fromTransition((total: number, event: Event) => {
  if (event.type === 'add') return total + event.amount
  // It is told of its own stop as well.
  if (event.type === 'total') event.reply(total)
  return total
}, 0)

/** It handles an event within `send`, and has no question: one carries what answers it. */
export function xstate(): CountingActor {
  const actor = createActor(counting, { systemId: 'sink' })
  actor.start()
  const tell = (to: ActorRefFrom<typeof counting>, amount: number) => to.send({ type: 'add', amount })
  return {
    title: 'xstate 5.33.3',
    tell: (amount) => tell(actor, amount),
    ask: () => new Promise((reply) => actor.send({ type: 'total', reply })),
    byName: () => {
      const found = actor.system.get('sink') as typeof actor
      return { tell: (amount) => tell(found, amount) }
    },
    async stop() {
      actor.stop()
    },
  }
}
