import type { Clock } from '../../core/clock.ts'
import type { Random } from '../../core/random.ts'
import { errorCode } from '../../protocol/index.ts'
import { nothing, type SaslContext, type SaslExchange, type SaslMechanism, SaslRefused } from './mechanism.ts'
import { oauthBearer } from './oauth-bearer.ts'
import { plain } from './plain.ts'
import { scram } from './scram.ts'
import type { SaslSettings } from './settings.ts'

interface AuthenticationOptions {
  /** Absent where clients need not say who they are. */
  readonly sasl: SaslSettings | undefined
  readonly clock: Clock
  readonly random: Random
}

const exchanges: Readonly<Record<SaslMechanism, (context: SaslContext) => SaslExchange>> = {
  PLAIN: plain,
  'SCRAM-SHA-256': (context) => scram('sha256', context),
  'SCRAM-SHA-512': (context) => scram('sha512', context),
  OAUTHBEARER: oauthBearer,
}

const apiKeys = { saslHandshake: 17, apiVersions: 18, saslAuthenticate: 36 } as const

/** Who one connection has proved to be, and until when: KIP-43, KIP-152 and KIP-368 on the broker's side. */
export class Authentication {
  readonly #options: AuthenticationOptions
  #exchange: SaslExchange | undefined
  #user: string | undefined
  #endsMs = Infinity
  /**
   * Whether the client's next messages come without a request around them, as after the first version of SaslHandshake.
   */
  isBare = false
  /** Whether the client was refused, so that its connection ends with the answer. */
  hasFailed = false

  constructor(options: AuthenticationOptions) {
    this.#options = options
  }

  /** The client's name among Kafka's principals. */
  get principal(): string {
    return `User:${this.#user ?? 'ANONYMOUS'}`
  }

  /** Whether a request of this API is answered now; if not, its connection is closed. */
  permits(apiKey: number): boolean {
    const { sasl, clock } = this.#options
    if (this.hasFailed) return false
    if (sasl === undefined || apiKey === apiKeys.saslHandshake) return true
    if (this.#exchange !== undefined) return apiKey === apiKeys.saslAuthenticate
    if (this.#user === undefined) return apiKey === apiKeys.apiVersions || apiKey === apiKeys.saslAuthenticate
    return clock.monotonicMs() < this.#endsMs
  }

  /** Begins an exchange; also for a client that has proved itself already. */
  handshake(mechanism: string, isBare: boolean) {
    const { sasl, clock, random } = this.#options
    if (sasl === undefined) return { errorCode: errorCode.illegalSaslState, mechanisms: [] }
    const { mechanisms, users } = sasl
    const chosen = mechanisms.find((enabled) => enabled === mechanism)
    if (chosen === undefined) {
      this.hasFailed = true
      return { errorCode: errorCode.unsupportedSaslMechanism, mechanisms }
    }
    this.#exchange = exchanges[chosen]({ users, clock, random })
    this.#exchange.next(nothing)
    this.isBare = isBare
    return { errorCode: errorCode.none, mechanisms }
  }

  /** Takes the client's next message of an exchange. */
  authenticate(message: Buffer) {
    if (this.#exchange === undefined) {
      const errorMessage = 'SaslAuthenticate request received without an exchange that SaslHandshake began'
      return { errorCode: errorCode.illegalSaslState, errorMessage, authBytes: nothing, sessionLifetimeMs: 0 }
    }
    try {
      const step = this.#exchange.next(message)
      const goesOn = step.done !== true
      const sessionLifetimeMs = goesOn ? 0 : this.#admit(step.value)
      const authBytes = goesOn ? step.value : step.value.reply
      return { errorCode: errorCode.none, errorMessage: null, authBytes, sessionLifetimeMs }
    } catch (error) {
      if (!(error instanceof SaslRefused)) throw error
      this.hasFailed = true
      const errorMessage = error.message
      return { errorCode: errorCode.saslAuthenticationFailed, errorMessage, authBytes: nothing, sessionLifetimeMs: 0 }
    }
  }

  /** Returns how long the session lasts in milliseconds, 0 for as long as the connection. */
  #admit({ user, expiresMs = Infinity }: { user: string; expiresMs?: number }): number {
    const { sasl, clock } = this.#options
    if (this.#user !== undefined && this.#user !== user) {
      throw new SaslRefused(`Cannot change principals during re-authentication from ${this.#user}: ${user}`)
    }
    this.#user = user
    this.#exchange = undefined
    this.isBare = false
    const lifetimeMs = Math.min(sasl!.sessionMsMax || Infinity, expiresMs - clock.nowMs())
    this.#endsMs = clock.monotonicMs() + lifetimeMs
    return lifetimeMs === Infinity ? 0 : Math.ceil(lifetimeMs)
  }
}
