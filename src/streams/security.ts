import { ConfigError } from '../core/errors.ts'
import { type OptionTable, type OptionValues, resolveOptions } from '../core/options.ts'
import type { SaslOptions, TlsOptions } from '../kafka/index.ts'

/** How the connections of a program are secured. */
export interface Security {
  /** `true` trusts the authorities that Node.js comes with; `false` is plain text. */
  readonly tls: TlsOptions | boolean
  /** Who the program is; `false` for brokers that do not ask. */
  readonly sasl: SaslOptions | false
}

/** What a program may give; what it does not is looked for in the environment. */
export interface GivenSecurity {
  /**
   * Whether and how connections are encrypted: `true` trusts the authorities that Node.js comes with, `false` is plain
   * text.
   * @defaultValue as `MILLRACE_TLS` and the variables beside it say, which is plain text where there are none
   */
  readonly tls?: TlsOptions | boolean | undefined
  /**
   * Who the program is, and how it proves it; `false` for brokers that do not ask.
   * @defaultValue as `MILLRACE_SASL_MECHANISM` and the variables beside it say; nothing is proved where there are none
   */
  readonly sasl?: SaslOptions | false | undefined
}

/**
 * What flags and the environment say of security; a program says it by the objects `tls` and `sasl` of `start`.
 * `docs/configuration.md` is made from this table.
 */
export const securityOptions = {
  tls: {
    type: 'boolean',
    default: false,
    env: 'MILLRACE_TLS',
    flag: '--tls',
    doc: 'Connect to brokers over TLS; goes without saying where a file for it is given.',
  },
  tlsCaFile: {
    type: 'string',
    optional: true,
    env: 'MILLRACE_TLS_CA_FILE',
    flag: '--tls-ca-file',
    doc: 'Authorities that certificates of brokers must lead to, instead of those that Node.js comes with: a PEM file.',
  },
  tlsCertFile: {
    type: 'string',
    optional: true,
    env: 'MILLRACE_TLS_CERT_FILE',
    flag: '--tls-cert-file',
    doc: 'Certificate of this program, for brokers that ask for one: a PEM file.',
  },
  tlsKey: {
    type: 'secret',
    optional: true,
    env: 'MILLRACE_TLS_KEY',
    flag: '--tls-key-file',
    doc: 'Key of that certificate, in PEM.',
  },
  tlsKeyPassphrase: {
    type: 'secret',
    optional: true,
    env: 'MILLRACE_TLS_KEY_PASSPHRASE',
    flag: '--tls-key-passphrase-file',
    doc: 'What that key is encrypted with.',
  },
  tlsServername: {
    type: 'string',
    optional: true,
    env: 'MILLRACE_TLS_SERVERNAME',
    flag: '--tls-servername',
    doc: 'Name that certificates of brokers must bear, where it is not the host that is connected to.',
  },
  tlsRejectUnauthorized: {
    type: 'boolean',
    default: true,
    env: 'MILLRACE_TLS_REJECT_UNAUTHORIZED',
    flag: '--tls-reject-unauthorized',
    doc: 'With `false` any certificate will do, and so anyone can pass for a broker: for tests.',
  },
  saslMechanism: {
    type: 'string',
    optional: true,
    choices: ['PLAIN', 'SCRAM-SHA-256', 'SCRAM-SHA-512', 'OAUTHBEARER'],
    env: 'MILLRACE_SASL_MECHANISM',
    flag: '--sasl-mechanism',
    doc: 'How this program proves who it is, for brokers that ask.',
  },
  saslUsername: {
    type: 'string',
    optional: true,
    env: 'MILLRACE_SASL_USERNAME',
    flag: '--sasl-username',
    doc: 'User name for PLAIN and SCRAM.',
  },
  saslPassword: {
    type: 'secret',
    optional: true,
    env: 'MILLRACE_SASL_PASSWORD',
    flag: '--sasl-password-file',
    doc: 'Password for PLAIN and SCRAM.',
  },
  saslToken: {
    type: 'secret',
    optional: true,
    env: 'MILLRACE_SASL_TOKEN',
    flag: '--sasl-token-file',
    doc: 'Token for OAUTHBEARER. A program can give a function instead, which is asked whenever a new one is needed.',
  },
  saslAllowPlaintext: {
    type: 'boolean',
    default: false,
    env: 'MILLRACE_SASL_ALLOW_PLAINTEXT',
    flag: '--sasl-allow-plaintext',
    doc: 'Let PLAIN and OAUTHBEARER send their secret without TLS, where the network is trusted.',
  },
} as const satisfies OptionTable

export type SecurityOptions = OptionValues<typeof securityOptions>

/** What the options say, as a cluster takes it. @throws ConfigError `CONFIG_MISSING_VALUE` where a part is missing. */
export function securityOf(options: SecurityOptions): Security {
  return { tls: tlsOf(options), sasl: saslOf(options) }
}

/** What a program gives, and what it does not give from the environment. */
export function resolveSecurity({ tls, sasl }: GivenSecurity): Security {
  if (tls !== undefined && sasl !== undefined) return { tls, sasl }
  const environment = securityOf(resolveOptions(securityOptions, { env: process.env }))
  return { tls: tls ?? environment.tls, sasl: sasl ?? environment.sasl }
}

function tlsOf(options: SecurityOptions): TlsOptions | false {
  const { tlsCaFile, tlsCertFile, tlsKey, tlsKeyPassphrase, tlsServername, tlsRejectUnauthorized } = options
  const tls = {
    ...(tlsCaFile !== undefined && { ca: tlsCaFile }),
    ...(tlsCertFile !== undefined && { cert: tlsCertFile }),
    ...(tlsKey !== undefined && { key: tlsKey }),
    ...(tlsKeyPassphrase !== undefined && { keyPassphrase: tlsKeyPassphrase }),
    ...(tlsServername !== undefined && { servername: tlsServername }),
  }
  // Whoever names an authority does not mean to speak in the open.
  const isAsked = options.tls || Object.keys(tls).length > 0
  return isAsked && { ...tls, rejectUnauthorized: tlsRejectUnauthorized }
}

function saslOf(options: SecurityOptions): SaslOptions | false {
  const {
    saslMechanism: mechanism,
    saslUsername,
    saslPassword,
    saslToken,
    saslAllowPlaintext: allowPlaintext,
  } = options
  if (mechanism === undefined) {
    const isMeant = [saslUsername, saslPassword, saslToken].some((value) => value !== undefined)
    return isMeant && missing('saslMechanism', 'a user name, password or token')
  }
  if (mechanism === 'OAUTHBEARER') {
    return { mechanism, token: saslToken ?? missing('saslToken', mechanism), allowPlaintext }
  }
  const username = saslUsername ?? missing('saslUsername', mechanism)
  return { mechanism, username, password: saslPassword ?? missing('saslPassword', mechanism), allowPlaintext }
}

function missing(name: keyof typeof securityOptions, wanting: string): never {
  const { flag, env } = securityOptions[name]
  throw new ConfigError('CONFIG_MISSING_VALUE', `${wanting} needs ${name}; give ${flag} or ${env}`, { name })
}
