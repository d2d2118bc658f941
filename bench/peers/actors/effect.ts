import { Deferred, Effect, Fiber, Queue } from 'effect'
import type { CountingActor } from './counting-actor.ts'

type Message = { readonly amount: number } | { readonly reply: Deferred.Deferred<number> }

/** A fiber that takes from a queue: what is an actor in effect without its cluster, which wants a store and runners. */
export async function effect(): Promise<CountingActor> {
  const queue = await Effect.runPromise(Queue.unbounded<Message>())
  const counting = Effect.gen(function* () {
    let total = 0
    for (;;) {
      const message = yield* Queue.take(queue)
      if ('amount' in message) total += message.amount
      else yield* Deferred.succeed(message.reply, total)
    }
  })
  const fiber = Effect.runFork(counting)
  return {
    title: 'effect 4.1.0',
    tell: (amount) => void Queue.offerUnsafe(queue, { amount }),
    ask() {
      const reply = Deferred.makeUnsafe<number>()
      Queue.offerUnsafe(queue, { reply })
      return Effect.runPromise(Deferred.await(reply))
    },
    stop: () => Effect.runPromise(Fiber.interrupt(fiber)),
  }
}
