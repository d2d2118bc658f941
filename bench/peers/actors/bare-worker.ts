import { parentPort } from 'node:worker_threads'

/** A thread that adds up what it is told, without any library. */
let total = 0
parentPort!.on('message', (message: number | { readonly ask: number }) => {
  if (typeof message === 'number') total += message
  else parentPort!.postMessage({ ask: message.ask, total })
})
