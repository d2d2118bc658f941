import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)
const cache = join(import.meta.dirname, '../../.cache')

/** A binding that brings librdkafka with it. */
export const confluentKafka = 'confluent-kafka==2.16.1'
/** What Prometheus' own client for Python reads metrics by. */
export const prometheusClient = 'prometheus-client==0.26.0'

/** Says whether packages of Python can be had on this machine: `true`, or the reason why not. */
export async function pythonAndPipAvailable(): Promise<true | string> {
  const python = await run('python3', ['--version']).catch(() => undefined)
  if (python === undefined) return 'Python 3 is not installed'
  const pip = await run('python3', ['-m', 'pip', '--version']).catch(() => undefined)
  return pip === undefined ? 'pip is not installed' : true
}

/** Runs a program of Python that may import a package; what it printed. The first run downloads the package. */
export async function runWithPackage(pinned: string, program: string, ...words: string[]): Promise<string> {
  const env = { ...process.env, PYTHONPATH: await folderOf(pinned) }
  const { stdout } = await run('python3', [program, ...words], { env })
  return stdout
}

/** The folder that Python imports it from: one for each Python, whose binaries differ. */
async function folderOf(pinned: string): Promise<string> {
  const { stdout } = await run('python3', ['-c', 'import sys; print(sys.implementation.cache_tag)'])
  const [name, version] = pinned.split('==') as [string, string]
  const folder = join(cache, name, `${version}-${stdout.trim()}`)
  if (!existsSync(folder)) await install(pinned, folder)
  return folder
}

/** Into a folder of its own first: what is at `folder` is whole. */
async function install(pinned: string, folder: string): Promise<void> {
  await mkdir(join(folder, '..'), { recursive: true })
  const partial = await mkdtemp(`${folder}-`)
  const words = ['--quiet', '--only-binary', ':all:', '--target', partial, pinned]
  await run('python3', ['-m', 'pip', 'install', ...words])
  await rename(partial, folder).catch(() => rm(partial, { recursive: true }))
}
