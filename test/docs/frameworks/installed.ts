import { createHash } from 'node:crypto'
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { project, run } from '../../package/packed-package.ts'

const store = join(project, '.cache/frameworks')
const manifests = ['package.json', 'package-lock.json']

/** The versions that the pages name, by package. */
export const { dependencies: frameworks } = JSON.parse(
  readFileSync(join(import.meta.dirname, 'package.json'), 'utf8'),
) as { dependencies: Readonly<Record<string, string>> }

/**
 * The folder that has the frameworks, at the versions of the lock beside this file; installed once for each lock. Vite is
 * held at 8.3: 8.4 has an optional dependency that not every registry has, and a lock without it is refused by `npm ci`.
 */
export function installedFrameworks(): string {
  const lock = readFileSync(join(import.meta.dirname, 'package-lock.json'))
  const place = join(store, createHash('sha256').update(lock).digest('hex').slice(0, 16))
  if (existsSync(place)) return place
  mkdirSync(store, { recursive: true })
  const making = mkdtempSync(join(store, 'making-'))
  try {
    for (const file of manifests) cpSync(join(import.meta.dirname, file), join(making, file))
    run('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund'], making)
    renameSync(making, place)
  } finally {
    rmSync(making, { recursive: true, force: true })
  }
  return place
}
