import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { cpSync, existsSync, globSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'

export const project = resolve(import.meta.dirname, '../..')

const store = join(project, '.cache/packages')

/** What the package is made of. */
const inputs = [
  'package.json',
  'tsconfig*.json',
  '*.md',
  'LICENSE',
  'docs/**/*.*',
  'examples/**/*.ts',
  'findings/README.md',
  'src/**/*.*',
  'tools/**/*.*',
]

/**
 * The tarball that `npm pack` makes of this checkout, built in a copy of it, so that tests that run at the same time may
 * all ask for it. It is made once for each state of the checkout.
 */
export function packedPackage(): string {
  const files = globSync(inputs, { cwd: project, exclude: ['src/**/*.wasm'] }).sort()
  const hash = createHash('sha256')
  for (const file of files)
    hash
      .update(file)
      .update('\0')
      .update(readFileSync(join(project, file)))
  const place = join(store, hash.digest('hex').slice(0, 16))
  const tarball = join(place, 'millrace.tgz')
  if (existsSync(tarball)) return tarball
  // It lies below the checkout because that has the node_modules that the build needs.
  mkdirSync(store, { recursive: true })
  const copy = mkdtempSync(join(store, 'making-'))
  try {
    for (const file of files) {
      mkdirSync(dirname(join(copy, file)), { recursive: true })
      cpSync(join(project, file), join(copy, file))
    }
    run('node', ['--run', 'build'], copy)
    const printed = run('npm', ['pack', '--json', '--ignore-scripts'], copy)
    const [{ filename }] = JSON.parse(printed) as [{ filename: string }]
    for (const old of globSync('[0-9a-f]*', { cwd: store })) rmSync(join(store, old), { recursive: true, force: true })
    mkdirSync(place, { recursive: true })
    renameSync(join(copy, filename), tarball)
  } finally {
    rmSync(copy, { recursive: true })
  }
  return tarball
}

/** Runs a command on the Node.js of this checkout, and returns what it prints. */
export function run(command: string, args: readonly string[], cwd: string): string {
  return execFileSync(command, args, { cwd, encoding: 'utf8', env: environment, stdio: 'pipe' })
}

// A test of Node.js that runs within another one would report to it.
const { NODE_TEST_CONTEXT: _, ...given } = process.env

/** The environment of commands, with the Node.js and the tools of this checkout first. */
export const environment: NodeJS.ProcessEnv = {
  ...given,
  PATH: `${join(project, 'node_modules/.bin')}:${process.env['PATH']}`,
}
