import { threadId } from 'node:worker_threads'
import { StateError } from '../../core/errors.ts'
import type { Committer } from './committer.ts'
import { isOpenRequest, type OpenRequest, type StoreHandle, type ToThread } from './messages.ts'
import { sentError } from './sent-error.ts'

/** The stores of this thread that others may open, by number, as long as somebody here has them. */
const offered = new Map<number, WeakRef<Committer>>()
const numbers = new WeakMap<Committer, number>()
let lastNumber = 0

/** Lets other threads open a store. */
export function offerStore(committer: Committer): StoreHandle {
  if (lastNumber === 0) process.on('workerMessage', answer)
  let storeId = numbers.get(committer)
  if (storeId === undefined) {
    for (const [number, store] of offered) if (store.deref() === undefined) offered.delete(number)
    storeId = ++lastNumber
    numbers.set(committer, storeId)
    offered.set(storeId, new WeakRef(committer))
  }
  return { threadId, storeId }
}

function answer(message: unknown): void {
  if (isOpenRequest(message)) answerOpening(message)
}

/** Answers one who wants to open a store of this thread, by the port of the request. */
export function answerOpening({ millraceStore: { storeId, port } }: OpenRequest): void {
  const committer = offered.get(storeId)?.deref()
  if (committer !== undefined) return committer.connect(port)
  const gone = new StateError('STATE_STORE_CLOSED', 'the store that a thread has opened is not there any more')
  port.postMessage({ refused: sentError(gone) } satisfies ToThread)
  port.close()
}
