import type { ActorContext, ActorMessage, ActorParts, ActorSpec, Handlers, InPlaceHandlers } from '../actors/index.ts'
import type { Store } from './store.ts'
import type { Table } from './table.ts'

/**
 * An actor whose state is a row. There is no `onStop`, because nothing is left to be saved then, and no `version`: a row
 * outlives the code that wrote it by more than `migrate` sees, so the codec of the table reads rows of former shapes.
 */
export type KeptActorSpec<Message extends ActorMessage, State> = Omit<
  ActorParts<Message, State>,
  'init' | 'onStop' | 'version' | 'migrate'
> & {
  /** Makes the first state, as long as there is no row. */
  readonly init: (context: ActorContext<Message>) => State
  /** Handlers that return the next state. They may run again after a conflict. */
  readonly handle: Handlers<Message, State>
}

/**
 * Keeps the state of an actor in a row of a table, for `defineActor`. Each handler is a transaction: it gets the row as
 * its state, what it returns becomes the row, and what it changes in tables of the store is a part of it. Where it
 * throws, all is as it was before the message, and the next incarnation goes on from there. Answers by `reply` are given
 * once the transaction has committed.
 *
 * @example
 * const wallet = defineActor<WalletMessage, undefined>(
 *   keptIn(store, balances, 'ada', {
 *     name: 'wallet',
 *     init: () => 0,
 *     handle: { deposit: (balance, { amount }) => balance + amount },
 *   }),
 * )
 */
export function keptIn<Message extends ActorMessage, Key, State>(
  store: Store,
  table: Table<Key, State>,
  key: Key,
  { init, handle, ...parts }: KeptActorSpec<Message, State>,
): ActorSpec<Message, undefined> {
  const kept = Object.entries(handle as unknown as Record<string, AnyHandler<Message, State>>).map(
    ([type, handler]) => [
      type,
      async (_state: undefined, message: Message, context: ActorContext<Message>) => {
        const answers = await store.transact(async (tx) => {
          const held = holdAnswers(message)
          const state = tx.has(table, key) ? tx.get(table, key)! : init(context)
          tx.set(table, key, await handler(state, held.message, context))
          return held.answers
        })
        for (const answer of answers) answer()
      },
    ],
  )
  return {
    ...parts,
    init: () => undefined,
    handleInPlace: Object.fromEntries(kept) as InPlaceHandlers<Message, undefined>,
  }
}

type AnyHandler<Message extends ActorMessage, State> = (
  state: State,
  message: Message,
  context: ActorContext<Message>,
) => State | Promise<State>

/** The message for one run of its handler, whose answers wait until that has committed. */
function holdAnswers<Message extends ActorMessage>(message: Message): { message: Message; answers: (() => void)[] } {
  const answers: (() => void)[] = []
  const { reply } = message as { reply?: unknown }
  if (typeof reply !== 'function') return { message, answers }
  const hold = (...answer: unknown[]) => void answers.push(() => Reflect.apply(reply, undefined, answer))
  return { message: { ...message, reply: hold }, answers }
}
