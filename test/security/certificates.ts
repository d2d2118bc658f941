import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** A certificate and its key, as PEM text. */
export interface Identity {
  readonly cert: string
  readonly key: string
}

/** All that tests of TLS need: made anew each time, so that no key lies around. */
export interface Certificates {
  readonly ca: string
  /** An authority that signed nothing here but `stranger`. */
  readonly otherCa: string
  /** For `127.0.0.1` and `localhost`. */
  readonly broker: Identity
  /** As `broker`, but of yesterday. */
  readonly expired: Identity
  readonly client: Identity
  readonly stranger: Identity
}

export function makeCertificates(): Certificates {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-certificates-'))
  const openssl = (...words: string[]) => execFileSync('openssl', words, { cwd: folder, stdio: 'pipe' })
  const text = (name: string) => readFileSync(join(folder, name), 'utf8')
  const newKey = (name: string, ...words: string[]) =>
    openssl(
      'req',
      '-newkey',
      'ec',
      '-pkeyopt',
      'ec_paramgen_curve:prime256v1',
      '-nodes',
      '-subj',
      `/CN=${name}`,
      ...words,
    )
  const authority = (name: string) => {
    newKey(name, '-x509', '-days', '1', '-keyout', `${name}.key`, '-out', `${name}.pem`)
    return text(`${name}.pem`)
  }
  const identity = (name: string, ca: string, days: number): Identity => {
    const names = 'subjectAltName=IP:127.0.0.1,DNS:localhost'
    newKey(name, '-addext', names, '-keyout', `${name}.key`, '-out', `${name}.csr`)
    const signing = ['-CA', `${ca}.pem`, '-CAkey', `${ca}.key`, '-days', String(days), '-copy_extensions', 'copyall']
    openssl('x509', '-req', '-in', `${name}.csr`, ...signing, '-out', `${name}.pem`)
    return { cert: text(`${name}.pem`), key: text(`${name}.key`) }
  }
  try {
    return {
      ca: authority('ca'),
      otherCa: authority('other-ca'),
      broker: identity('broker', 'ca', 1),
      expired: identity('expired', 'ca', -1),
      client: identity('client', 'ca', 1),
      stranger: identity('stranger', 'other-ca', 1),
    }
  } finally {
    rmSync(folder, { recursive: true })
  }
}
