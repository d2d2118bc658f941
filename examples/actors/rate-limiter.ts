/**
 * A rate limiter: a bucket of tokens, and a bounded queue of those who wait for one:
 * `node examples/actors/rate-limiter.ts`.
 */
import { defineActor, type Reply, startSystem, supervisor } from '../../src/doors/actors.ts'

type Turn = 'at once' | 'waited' | 'refused'
type LimiterMessage = { type: 'take'; reply: Reply<Turn> } | { type: 'refill' }

interface Bucket {
  tokens: number
  readonly waiting: Reply<Turn>[]
}

const limiter = ({ perSecond, burst, waitingMax }: { perSecond: number; burst: number; waitingMax: number }) =>
  defineActor<LimiterMessage, Bucket>({
    name: 'limiter',
    init(context) {
      context.sendEvery(1_000 / perSecond, { type: 'refill' })
      return { tokens: burst, waiting: [] }
    },
    handleInPlace: {
      take(bucket, { reply }) {
        if (bucket.tokens > 0) {
          bucket.tokens--
          return reply('at once')
        }
        // Whoever waits learns at once if the limiter crashes: a question dies with the incarnation that took it.
        if (bucket.waiting.length < waitingMax) bucket.waiting.push(reply)
        else reply('refused')
      },
      refill(bucket) {
        const next = bucket.waiting.shift()
        if (next !== undefined) next('waited')
        else bucket.tokens = Math.min(bucket.tokens + 1, burst)
      },
    },
  })

const start = limiter({ perSecond: 20, burst: 3, waitingMax: 4 })
await using system = await startSystem({ name: 'limits', root: supervisor({ name: 'root', children: [{ start }] }) })

const turns = await Promise.all(Array.from({ length: 10 }, () => system.ref(start).ask({ type: 'take' })))
for (const turn of ['at once', 'waited', 'refused'])
  console.log(`${turn}: ${turns.filter((each) => each === turn).length}`)
