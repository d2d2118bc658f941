import { Secret } from '../../core/secret.ts'
import type { ClusterOptions } from '../cluster/cluster.ts'
import type { PasswordSasl, SaslOptions, TokenProvider, TokenSasl } from '../sasl/options.ts'
import type { TlsOptions } from '../network/tls.ts'

/** What another thread needs to connect to the same cluster. It keeps its own time and chance. */
export type SharedClusterOptions = Omit<ClusterOptions, 'clock' | 'random'>

/** The same without what structured clones lose: secrets are plain text, and functions are left out. */
export interface PlainClusterOptions extends Omit<SharedClusterOptions, 'tls' | 'sasl' | 'waits'> {
  readonly tls: TlsOptions | boolean
  readonly sasl: PlainPassword | PlainToken | TokenlessSasl | false
}

/** A secret that is in a file is read there each time, here as well. */
type PlainSecret = string | { readonly file: string }

interface PlainPassword extends Omit<PasswordSasl, 'password'> {
  readonly password: PlainSecret
}

interface PlainToken extends Omit<TokenSasl, 'token'> {
  readonly token: PlainSecret
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
  if (sasl === false) return { ...options, sasl }
  if (sasl.mechanism !== 'OAUTHBEARER') return { ...options, sasl: { ...sasl, password: secretOf(sasl.password) } }
  return { ...options, sasl: { ...sasl, token: 'token' in sasl ? secretOf(sasl.token) : token } }
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
  if (sasl.mechanism !== 'OAUTHBEARER') return { ...sasl, password: plainSecret(sasl.password) }
  const { mechanism, token, allowPlaintext = false } = sasl
  const plain = { mechanism, allowPlaintext }
  return typeof token === 'function' ? plain : { ...plain, token: plainSecret(token) }
}

function plainSecret(given: string | Secret): PlainSecret {
  const secret = Secret.of(given)
  return secret.file === undefined ? secret.reveal() : { file: secret.file }
}

function secretOf(plain: PlainSecret): string | Secret {
  return typeof plain === 'string' ? plain : Secret.inFile(plain.file)
}
