import type { Clock, Timer } from '../../core/clock.ts'
import type { MillraceError } from '../../core/errors.ts'
import { authenticate, type SaslPeer } from './authenticate.ts'
import type { SaslOptions } from './options.ts'

interface SaslSessionOptions {
  readonly peer: SaslPeer
  readonly sasl: SaslOptions
  readonly clock: Clock
  /** Called when a renewal is over, and other requests may be sent again. */
  readonly onRenewed: () => void
  /** Called when an authentication has failed: the connection is of no more use. */
  readonly onFailed: (error: MillraceError) => void
}

/** When a session is renewed, as a share of its life; Kafka's own client does it between 0.85 and 0.95. */
const renewalShare = 0.85

/**
 * Keeps a connection authenticated: at its start, and again each time before the broker would end the session
 * (KIP-368). From the first message of a renewal to its last a broker takes no other request, so the connection holds
 * those back. Those that it took before are answered first.
 */
export class SaslSession {
  readonly #options: SaslSessionOptions
  #renewal: Timer | undefined
  /** Whether other requests have to wait. */
  isRenewing = false

  constructor(options: SaslSessionOptions) {
    this.#options = options
  }

  /** @throws what `authenticate` throws. */
  async begin(): Promise<void> {
    const { peer, sasl, clock, onFailed } = this.#options
    try {
      const lifetimeMs = await authenticate(peer, sasl, clock)
      if (lifetimeMs === 0) return
      const afterMs = Math.min(lifetimeMs * renewalShare, timerMsMax)
      this.#renewal = clock.setTimer({ afterMs, background: true }, () => void this.#renew())
    } catch (error) {
      onFailed(error as MillraceError)
      throw error
    }
  }

  end(): void {
    this.#renewal?.cancel()
  }

  async #renew(): Promise<void> {
    this.isRenewing = true
    try {
      await this.begin()
    } catch {
      // `onFailed` has ended the connection.
      return
    }
    this.isRenewing = false
    this.#options.onRenewed()
  }
}

/** The longest time that a timer takes; renewing earlier than needed does no harm. */
const timerMsMax = 0x7fffffff
