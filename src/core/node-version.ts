import { ConfigError } from './errors.ts'

/** The oldest Node.js that all of it runs on; `engines` of package.json says the same. */
const oldest = '24.6.0'

/**
 * Without it, an older Node.js fails somewhere inside with a syntax error or a missing function. It can speak only if
 * what is imported beside it can be loaded there.
 *
 * @throws ConfigError `NODE_UNSUPPORTED`
 */
export function checkNodeVersion(version = process.versions.node): void {
  if (!isOlder(version, oldest)) return
  throw new ConfigError(
    'NODE_UNSUPPORTED',
    `Millrace needs Node.js ${oldest} or newer, and this is ${version}: install a newer one from https://nodejs.org, or with npm in the project: npm install node@24`,
    { version, oldest },
  )
}

function isOlder(version: string, than: string): boolean {
  const [numbers, others] = [version, than].map((text) => text.split('.').map((number) => Number.parseInt(number, 10)))
  const at = numbers!.findIndex((number, index) => number !== others![index])
  return at >= 0 && numbers![at]! < others![at]!
}
