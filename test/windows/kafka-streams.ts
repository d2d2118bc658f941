import { execFile, spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, rename, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { promisify } from 'node:util'

const jars = join(import.meta.dirname, '../../.cache/kafka-streams-test/4.3.1')
const run = promisify(execFile)

/** Runs `java/Windows.java` with Kafka Streams, gives it these lines, and returns what it answers. */
export async function runKafkaStreams(lines: readonly string[]): Promise<string[]> {
  if (!existsSync(jars)) await fetchJars()
  const classes = await mkdtemp(join(tmpdir(), 'millrace-windows-'))
  try {
    const source = join(import.meta.dirname, 'java/Windows.java')
    await run('javac', ['-cp', join(jars, '*'), '-d', classes, source])
    const classpath = `${classes}:${join(jars, '*')}`
    const java = spawn('java', ['-Xmx256m', '-XX:TieredStopAtLevel=1', '-cp', classpath, 'Windows'], {
      stdio: ['pipe', 'pipe', 'ignore'],
    })
    java.stdin.end(lines.map((line) => `${line}\n`).join(''))
    return (await text(java.stdout)).trimEnd().split('\n')
  } finally {
    await rm(classes, { recursive: true })
  }
}

/** Several processes may come here at once: the first to finish wins. */
async function fetchJars(): Promise<void> {
  await mkdir(join(jars, '..'), { recursive: true })
  const partial = await mkdtemp(`${jars}-`)
  const pom = join(import.meta.dirname, 'pom.xml')
  await run('mvn', ['-q', '-B', '-f', pom, 'dependency:copy-dependencies', `-DoutputDirectory=${partial}`])
  await rename(partial, jars).catch(() => rm(partial, { recursive: true }))
}
