/**
 * A pool of workers, one a core: counts primes, and loses no answer where a worker ends:
 * `node examples/actors/worker-pool.ts`.
 */
import { availableParallelism } from 'node:os'
import { isMainThread } from 'node:worker_threads'
import { defineActor, fromModule, group, type Reply, startSystem, supervisor } from '../../src/doors/actors.ts'

type Job = { type: 'count'; from: number; to: number; reply: Reply<number> }

/** Threads load it by its name, so it is exported. */
export const counter = defineActor<Job, undefined>({
  name: 'counter',
  init: () => undefined,
  handleInPlace: { count: (_, { from, to, reply }) => reply(countPrimes(from, to)) },
})

function countPrimes(from: number, to: number): number {
  let count = 0
  for (let candidate = from; candidate < to; candidate++) if (isPrime(candidate)) count++
  return count
}

function isPrime(candidate: number): boolean {
  for (let divisor = 2; divisor * divisor <= candidate; divisor++) if (candidate % divisor === 0) return false
  return candidate > 1
}

if (isMainThread) {
  const threads = availableParallelism()
  const start = fromModule<typeof counter>(import.meta.url, 'counter')
  const workers = group<Job>({ name: 'workers', size: threads, routing: 'leastLoaded', member: () => start })
  await using system = await startSystem({
    name: 'primes',
    threads,
    root: supervisor({ name: 'root', children: [{ start: workers, thread: 'spread' }] }),
  })

  const pool = system.group<Job>('workers')
  const ranges = Array.from({ length: 100 }, (_, index) => ({ from: index * 10_000, to: (index + 1) * 10_000 }))
  const counts = await Promise.all(ranges.map((range) => pool.ask({ type: 'count', ...range }, { timeoutMs: 60_000 })))
  console.log(`${counts.reduce((sum, count) => sum + count).toLocaleString('en')} primes below 1,000,000`)
}
