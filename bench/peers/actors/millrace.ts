import { fromModule, startSystem, supervisor } from '../../../src/actors/index.ts'
import { sink, type SinkMessage } from '../../bench-actors.ts'
import type { CountingActor } from './counting-actor.ts'

export async function millrace(isOnThread: boolean): Promise<CountingActor> {
  const module = new URL('../../bench-actors.ts', import.meta.url)
  let restarted = Promise.withResolvers<void>()
  const child = isOnThread ? { start: fromModule<typeof sink>(module, 'sink'), thread: '1' } : { start: sink }
  const system = await startSystem({
    name: 'bench',
    threads: isOnThread ? 1 : 0,
    root: supervisor({ name: 'root', maxRestarts: 1_000_000, children: [child] }),
    onEvent: ({ type }) => type === 'childRestarted' && restarted.resolve(),
  })
  const ref = system.ref<SinkMessage>('sink')
  return {
    title: 'millrace',
    tell: (amount) => ref.tell({ type: 'add', amount }),
    ask: () => ref.ask({ type: 'total' }, { timeoutMs: 600_000 }),
    byName: () => {
      const found = system.ref<SinkMessage>('sink')
      return { tell: (amount) => found.tell({ type: 'add', amount }) }
    },
    async restart() {
      restarted = Promise.withResolvers()
      await ref.tell({ type: 'crash' })
      await restarted.promise
    },
    stop: async () => void (await system.stop()),
  }
}
