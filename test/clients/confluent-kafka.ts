import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)
const version = '2.16.1'
const cache = join(import.meta.dirname, '../../.cache/confluent-kafka')

/** Says whether librdkafka can be had by Python on this machine: `true`, or the reason why not. */
export async function pythonAndPipAvailable(): Promise<true | string> {
  const python = await run('python3', ['--version']).catch(() => undefined)
  if (python === undefined) return 'Python 3 is not installed'
  const pip = await run('python3', ['-m', 'pip', '--version']).catch(() => undefined)
  return pip === undefined ? 'pip is not installed' : true
}

/**
 * Runs a program of Python that may import `confluent_kafka`, a binding that brings librdkafka with it; what it
 * printed. The first run downloads it.
 */
export async function runWithConfluentKafka(program: string, ...words: string[]): Promise<string> {
  const env = { ...process.env, PYTHONPATH: await confluentKafka() }
  const { stdout } = await run('python3', [program, ...words], { env })
  return stdout
}

/** The folder that Python imports it from: one for each Python, whose binaries differ. */
async function confluentKafka(): Promise<string> {
  const { stdout } = await run('python3', ['-c', 'import sys; print(sys.implementation.cache_tag)'])
  const folder = join(cache, `${version}-${stdout.trim()}`)
  if (!existsSync(folder)) await install(folder)
  return folder
}

/** Into a folder of its own first: what is at `folder` is whole. */
async function install(folder: string): Promise<void> {
  await mkdir(cache, { recursive: true })
  const partial = await mkdtemp(`${folder}-`)
  const words = ['--quiet', '--only-binary', ':all:', '--target', partial, `confluent-kafka==${version}`]
  await run('python3', ['-m', 'pip', 'install', ...words])
  await rename(partial, folder).catch(() => rm(partial, { recursive: true }))
}
