import type { FailingMessagePolicy } from './actor.ts'

/** What becomes of a message whose handler has failed so many times. */
export function fateOf(policy: FailingMessagePolicy, failures: number): 'retry' | 'dead-letter' | 'drop' | 'escalate' {
  if (typeof policy === 'string') return policy
  return failures <= policy.retry ? 'retry' : policy.afterwards
}
