import { readFileSync } from 'node:fs'
import type { ConnectionOptions, SecureContext, SecureContextOptions } from 'node:tls'
import { ConfigError, KafkaError } from '../../core/errors.ts'
import { Secret } from '../../core/secret.ts'
import { type Place, placeText } from './connection-failure.ts'

/** TLS as a program asks for it. Certificates and keys are PEM text, or paths of files with it. */
export interface TlsOptions {
  /** Authorities that brokers' certificates must lead to. @defaultValue those that Node.js comes with */
  readonly ca?: string | readonly string[]
  /** This client's certificate, with those between it and its authority, where brokers ask for one. */
  readonly cert?: string
  /** The key of `cert`. */
  readonly key?: string | Secret
  /** What the key is encrypted with. */
  readonly keyPassphrase?: string | Secret
  /** Name that brokers' certificates must bear. @defaultValue the host that is connected to */
  readonly servername?: string
  /** `false` takes any certificate, and so any broker; a process warning says so. @defaultValue true */
  readonly rejectUnauthorized?: boolean
}

/**
 * What node:tls needs to connect. Files are read and certificates checked here, once for all connections.
 *
 * @throws ConfigError `CONFIG_INVALID_VALUE` for a certificate or key that cannot be read or used.
 */
export function tlsConnectOptions(options: TlsOptions): ConnectionOptions {
  const { ca, cert, key, keyPassphrase, servername, rejectUnauthorized = true } = options
  if (!rejectUnauthorized) {
    process.emitWarning(
      'tls.rejectUnauthorized is false: brokers are not asked who they are, so anyone between can read and change everything.',
      { type: 'SecurityWarning', code: 'MILLRACE_TLS_UNVERIFIED' },
    )
  }
  const secureContext = createContext({
    minVersion: 'TLSv1.2',
    ...(ca !== undefined && { ca: [ca].flat().map((each) => pemOf('tls.ca', each)) }),
    ...(cert !== undefined && { cert: pemOf('tls.cert', cert) }),
    ...(key !== undefined && { key: pemOf('tls.key', Secret.of(key).reveal()) }),
    ...(keyPassphrase !== undefined && { passphrase: Secret.of(keyPassphrase).reveal() }),
  })
  // Said here so that NODE_TLS_REJECT_UNAUTHORIZED cannot say otherwise.
  return { secureContext, rejectUnauthorized, ...(servername !== undefined && { servername }) }
}

/**
 * The error for a connection that TLS refused, with what to do; `undefined` for one that failed for another reason.
 *
 * @param error - What the socket failed with.
 */
export function tlsRefusal(error: Error & { code?: string }, place: Place): KafkaError | undefined {
  const { code = '' } = error
  const { host, port } = place
  const advice = advices.find(([codes]) => codes.test(code))?.[1]
  if (advice === undefined) return undefined
  return new KafkaError(
    'KAFKA_TLS_FAILED',
    `${placeText(place)}: ${advice} (${code})`,
    { host, port, tls: code },
    error,
  )
}

/** What OpenSSL and node:tls say, and what it means to whoever runs the program. */
const advices: readonly (readonly [codes: RegExp, advice: string])[] = [
  [/^CERT_HAS_EXPIRED$/, 'its certificate has expired; renew it there'],
  [/^CERT_NOT_YET_VALID$/, 'its certificate is not valid yet; check the clocks'],
  [/^CERT_REVOKED$/, 'its certificate has been revoked; renew it there'],
  [
    /SELF_SIGNED_CERT|^UNABLE_TO_(GET_ISSUER_CERT|VERIFY_LEAF)|^CERT_(UNTRUSTED|SIGNATURE_FAILURE)|^INVALID_CA/,
    'its certificate leads to no authority known here; give that authority as tls.ca',
  ],
  [
    /^(ERR_TLS_CERT_ALTNAME_INVALID|HOSTNAME_MISMATCH)$/,
    'its certificate is for another name; connect by a name that it bears, or give that as tls.servername',
  ],
  [
    /^ERR_SSL_.*ALERT_(BAD_CERTIFICATE|CERTIFICATE_|NO_CERTIFICATE|UNKNOWN_CA|UNSUPPORTED_CERTIFICATE|ACCESS_DENIED)/,
    "it refuses this client's certificate; give one that it knows as tls.cert, with its tls.key",
  ],
  [
    /^ERR_SSL_(WRONG_VERSION_NUMBER|PACKET_LENGTH_TOO_LONG)$/,
    'it does not speak TLS at this port; give that of a TLS listener',
  ],
  [
    /^ERR_SSL_.*(UNSUPPORTED_PROTOCOL|PROTOCOL_VERSION|HANDSHAKE_FAILURE|NO_SHARED_CIPHER|INSUFFICIENT_SECURITY)/,
    'it shares no version or cipher of TLS with this client, which wants 1.2 or newer',
  ],
]

function createContext(options: SecureContextOptions): SecureContext {
  try {
    return process.getBuiltinModule('node:tls').createSecureContext(options)
  } catch (error) {
    throw new ConfigError('CONFIG_INVALID_VALUE', `tls: ${(error as Error).message}`, { name: 'tls' })
  }
}

/** A key given wrongly would be taken for a path, so neither is repeated in the error. */
function pemOf(name: string, pemOrPath: string): string {
  if (pemOrPath.includes('-----BEGIN ')) return pemOrPath
  try {
    return readFileSync(pemOrPath, 'utf8')
  } catch (error) {
    const { code = 'it is no path' } = error as NodeJS.ErrnoException
    throw new ConfigError('CONFIG_INVALID_VALUE', `${name} is neither PEM text nor a file that can be read: ${code}`, {
      name,
    })
  }
}
