import type { ActorDefinition, ActorMessage, Reply } from '../src/actors/index.ts'
import { createVerifier, type Experiment, type Verification } from '../src/cli/experiment/index.ts'
import { OutputBatch } from '../src/kernel/index.ts'
import {
  type ClosedShard,
  type ShardMessage,
  type ShardSetup,
  shardWorker,
  type TakenRows,
} from '../src/streams/index.ts'

/** What a shard has checked since this was last asked. */
export interface Checked extends Verification {
  /** By customer: 1 where it was merged. */
  readonly seen: Uint8Array
}

export interface CheckMessage {
  readonly type: 'checked'
  readonly reply: Reply<Checked>
}

/** What a shard answers to `take`, `takeCut` and `close`. */
type Answer = TakenRows | ClosedShard | undefined

const stamp = { producerId: 1n, epoch: 0, sequence: 0, isTransactional: false }

/** A shard of the product, which checks each batch before it leaves for the main thread. */
export const checkingShard = ({
  setup,
  experiment,
}: {
  setup: ShardSetup
  experiment: Experiment
}): ActorDefinition<ShardMessage | CheckMessage> => {
  const shard = shardWorker(setup)
  let seen = new Uint8Array(experiment.customers)
  let verifier = createVerifier(experiment, seen)
  const check = (answer: Answer) => {
    const { batches = [] } = (answer !== undefined && 'taken' in answer ? answer.taken : answer) ?? {}
    for (const { memory, finished, partition, ...rest } of batches) {
      const batch = OutputBatch.over(memory)
      batch.reset(0, partition)
      batch.wereFinished(finished)
      verifier.batches(Object.assign(batch, rest).seal(stamp))
    }
  }
  /** Shows what is answered to `check`. */
  const checked = (type: ShardMessage['type']): ActorDefinition['handlers'][string] => {
    const handle = shard.handlers[type]!
    return (state, message, context) => {
      const { reply } = message as ActorMessage & { reply: Reply<Answer> }
      const replyChecked = (answer: Answer) => {
        check(answer)
        reply(answer)
      }
      return handle(state, { ...message, reply: replyChecked } as ActorMessage, context)
    }
  }
  const answerChecked: ActorDefinition['handlers'][string] = (_, message) => {
    const { reply } = message as CheckMessage
    reply({ ...verifier.result(), seen })
    seen = new Uint8Array(experiment.customers)
    verifier = createVerifier(experiment, seen)
  }
  const handlers = { take: checked('take'), takeCut: checked('takeCut'), close: checked('close') }
  return { ...shard, handlers: { ...shard.handlers, ...handlers, checked: answerChecked } }
}

/** What shards have checked, as one verifier would say it: a customer that two of them have merged is a duplicate. */
export function verificationOf(all: readonly Checked[], { customers }: Experiment): Verification {
  const sum = (of: (checked: Checked) => number) => all.reduce((total, checked) => total + of(checked), 0)
  let distinct = 0
  for (let customer = 0; customer < customers; customer++) {
    if (all.some(({ seen }) => seen[customer] === 1)) distinct++
  }
  const mergedRows = sum((checked) => checked.distinct + checked.duplicates)
  return {
    distinct,
    missing: customers - distinct,
    duplicates: mergedRows - distinct,
    mismatched: sum(({ mismatched }) => mismatched),
  }
}
