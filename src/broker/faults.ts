import type { ApiName } from './handlers/index.ts'

/**
 * What befalls a request.
 * - `delayAnswer`: it is carried out, and answered `delayMs` later; the connection's later requests wait for that.
 * - `loseRequest`: the connection ends before it is carried out.
 * - `loseAnswer`: it is carried out, and the connection ends instead of an answer.
 * - `neverAnswer`: it is carried out and not answered; the connection lives on.
 * - `answerTwice`: it is carried out, and answered with the same bytes twice.
 * - `refuse`: it is not carried out, and answered with `errorCode` wherever the answer has room for an error.
 */
export type FaultEffect =
  | { readonly kind: 'delayAnswer'; readonly delayMs: number }
  | { readonly kind: 'loseRequest' | 'loseAnswer' | 'neverAnswer' | 'answerTwice' }
  | { readonly kind: 'refuse'; readonly errorCode: number }

/** A misfortune that waits for its requests. */
export interface BrokerFault {
  readonly api: ApiName
  /** Whose requests it waits for. @defaultValue everybody's */
  readonly clientId?: string
  /** How many requests it befalls. @defaultValue 1 */
  readonly count?: number
  readonly effect: FaultEffect
}

/** The faults that have been asked for and have not all happened yet; those asked for first happen first. */
export class Faults {
  readonly #waiting: { readonly fault: BrokerFault; left: number }[] = []

  add(fault: BrokerFault): void {
    this.#waiting.push({ fault, left: fault.count ?? 1 })
  }

  /** Says what befalls a request, and counts it. */
  befalling(api: string, clientId: string): FaultEffect | undefined {
    const index = this.#waiting.findIndex(
      ({ fault }) => fault.api === api && (fault.clientId === undefined || fault.clientId === clientId),
    )
    const next = this.#waiting[index]
    if (next === undefined) return undefined
    next.left -= 1
    if (next.left <= 0) this.#waiting.splice(index, 1)
    return next.fault.effect
  }
}
