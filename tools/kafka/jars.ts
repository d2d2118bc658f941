import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'

/** The release of Apache Kafka that runs where nothing else is said. */
export const defaultVersion = process.env['MILLRACE_KAFKA_VERSION'] ?? '4.3.1'
/** Where the jars of a release are; what belongs to them lies beside. */
export const jarsDirOf = (version: string) => join(import.meta.dirname, '../../.cache/kafka', version)
const javaMajorMin = 17

const run = promisify(execFile)

/** Says whether a broker can be started on this machine: `true`, or the reason why not. */
export async function javaAndMavenAvailable(): Promise<true | string> {
  const java = await run('java', ['-version']).catch(() => undefined)
  if (java === undefined) return 'Java is not installed'
  const major = Number(/version "(\d+)/.exec(java.stderr)?.[1] ?? 0)
  if (major < javaMajorMin) return `Java is ${major}, Apache Kafka ${defaultVersion} needs ${javaMajorMin}`
  if (existsSync(jarsDirOf(defaultVersion))) return true
  const maven = await run('mvn', ['--version']).catch(() => undefined)
  return maven === undefined ? 'Maven is not installed' : true
}

/**
 * Fetches Apache Kafka's jars where they are not there yet, and returns the class path of broker, clients and tools.
 */
export async function kafkaClasspath(version = defaultVersion): Promise<string> {
  const jarsDir = jarsDirOf(version)
  if (!existsSync(jarsDir)) await fetchJars(version, jarsDir)
  return join(jarsDir, '*')
}

/** What the class path of Kafka Streams has beside that of the release: its library, without stores on disk. */
export async function streamsClasspath(version = defaultVersion): Promise<string> {
  const jarsDir = `${jarsDirOf(version)}-streams`
  if (!existsSync(jarsDir)) await fetchJars(version, jarsDir, 'streams-pom.xml')
  return join(jarsDir, '*')
}

/** Several test processes may come here at once: each fetches into a folder of its own, the first to finish wins. */
async function fetchJars(version: string, jarsDir: string, pomName = 'pom.xml'): Promise<void> {
  await mkdir(join(jarsDir, '..'), { recursive: true })
  const partial = await mkdtemp(`${jarsDir}-`)
  const pom = join(import.meta.dirname, pomName)
  const settings = [`-Dkafka.version=${version}`, `-DoutputDirectory=${partial}`]
  await run('mvn', ['-q', '-B', '-f', pom, 'dependency:copy-dependencies', ...settings])
  await rename(partial, jarsDir).catch(() => rm(partial, { recursive: true }))
}
