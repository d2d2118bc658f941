/**
 * What a promise comes to, unless the signal aborts first.
 *
 * @throws The reason of the signal.
 */
export function unlessAborted<Value>(promise: Promise<Value>, signal: AbortSignal): Promise<Value> {
  return new Promise((resolve, reject) => {
    const onAbort = () => reject(signal.reason)
    if (signal.aborted) onAbort()
    signal.addEventListener('abort', onAbort)
    const forget = () => signal.removeEventListener('abort', onAbort)
    promise.then(resolve, reject).finally(forget)
  })
}
