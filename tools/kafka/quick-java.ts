import { existsSync } from 'node:fs'
import { rename } from 'node:fs/promises'
import { defaultVersion, jarsDirOf, kafkaClasspath } from './jars.ts'
import { startKafka } from './start.ts'

const simple = ['-XX:TieredStopAtLevel=1', '-XX:+UseSerialGC']

interface QuickJava {
  /** Of Apache Kafka. @defaultValue the one of the tests */
  readonly version?: string
  /** Compiled classes beside those of the release: a folder of them, or of jars. */
  readonly classes?: string
}

/**
 * Options of Java, the class path among them, for processes that live for seconds: code is compiled simply, and classes
 * come from an archive, which a first broker leaves when it ends. Not for figures: what runs longer is slower with them.
 */
export async function quickJava({ version = defaultVersion, classes }: QuickJava = {}): Promise<string[]> {
  const jars = await kafkaClasspath(version)
  const archive = `${jarsDirOf(version)}.jsa`
  if (!existsSync(archive)) await archiveClasses(version, archive, [...simple, '-cp', jars])
  // An archive that another release of Java has left is not used; its warning would be taken for a program's output.
  return [
    ...simple,
    `-XX:SharedArchiveFile=${archive}`,
    '-Xlog:disable',
    '-cp',
    // The archive is of what the class path begins with.
    classes === undefined ? jars : `${jars}:${classes}`,
  ]
}

/** Several test processes may come here at once: each makes one, the first to finish wins. */
async function archiveClasses(version: string, archive: string, java: readonly string[]): Promise<void> {
  const partial = `${archive}-${process.pid}`
  const kafka = await startKafka({ version, java: [...java, `-XX:ArchiveClassesAtExit=${partial}`] })
  await kafka.stop()
  await rename(partial, archive)
}
