import { Secret } from '../../core/secret.ts'
import type { ClusterOptions } from '../cluster.ts'
import type { SaslOptions, TokenProvider } from '../sasl.ts'
import type { TlsOptions } from '../tls.ts'

/** What another thread needs to connect to the same cluster. It keeps its own time and chance. */
export type SharedClusterOptions = Omit<ClusterOptions, 'clock' | 'random'>

/** The same without what structured clones lose: secrets are plain text, and functions are left out. */
export interface PlainClusterOptions extends Omit<SharedClusterOptions, 'tls' | 'sasl' | 'waits'> {
  readonly tls: TlsOptions | boolean
  readonly sasl: SaslOptions | TokenlessSasl | false
}

/** Its tokens come from the main thread. */
interface TokenlessSasl {
  readonly mechanism: 'OAUTHBEARER'
  readonly allowPlaintext: boolean
}

export function plainClusterOptions({
  tls = false,
  sasl = false,
  ...options
}: SharedClusterOptions): PlainClusterOptions {
  return { ...pick(options), tls: typeof tls === 'boolean' ? tls : plainTls(tls), sasl: sasl && plainSasl(sasl) }
}

/** @param token - Asks the main thread. */
export function clusterOptionsOf({ sasl, ...options }: PlainClusterOptions, token: TokenProvider): ClusterOptions {
  if (sasl === false || sasl.mechanism !== 'OAUTHBEARER' || 'token' in sasl) return { ...options, sasl }
  return { ...options, sasl: { ...sasl, token } }
}

function pick({ bootstrapServers, clientId, retryMs }: SharedClusterOptions) {
  return { bootstrapServers, ...(clientId !== undefined && { clientId }), ...(retryMs !== undefined && { retryMs }) }
}

function plainTls({ key, keyPassphrase, ...options }: TlsOptions): TlsOptions {
  return {
    ...options,
    ...(key !== undefined && { key: Secret.of(key).reveal() }),
    ...(keyPassphrase !== undefined && { keyPassphrase: Secret.of(keyPassphrase).reveal() }),
  }
}

function plainSasl(sasl: SaslOptions): PlainClusterOptions['sasl'] {
  if (sasl.mechanism !== 'OAUTHBEARER') return { ...sasl, password: Secret.of(sasl.password).reveal() }
  const { mechanism, token, allowPlaintext = false } = sasl
  const plain = { mechanism, allowPlaintext }
  return typeof token === 'function' ? plain : { ...plain, token: Secret.of(token).reveal() }
}
