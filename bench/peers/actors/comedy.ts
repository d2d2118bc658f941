import * as library from 'comedy'
import type { CountingActor } from './counting-actor.ts'

/** A class: it goes to the thread as its source text. */
class Sink {
  total = 0

  add(amount: number): void {
    this.total += amount
  }

  read(): number {
    return this.total
  }
}

/** `test` keeps its log silent. */
export async function comedy(isOnThread: boolean): Promise<CountingActor> {
  const system = library.createSystem({ test: true })
  const root = await system.rootActor()
  const actor = await root.createChild(Sink, { mode: isOnThread ? 'threaded' : 'in-memory' })
  return {
    title: 'comedy 2.1.7',
    tell: (amount) => actor.send('add', amount),
    ask: () => actor.sendAndReceive('read'),
    stop: () => system.destroy(),
  }
}
