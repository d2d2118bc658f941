import { execFile } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { kafkaClasspath } from '../../tools/kafka/jars.ts'
import { quickJava } from '../../tools/kafka/quick-java.ts'

const source = join(import.meta.dirname, 'java/Produce.java')
const run = promisify(execFile)

export interface JavaProducer extends AsyncDisposable {
  /** Writes lines as records with Java's own client. With an id, every ten in a transaction; see `Produce.java`. */
  produce(to: {
    bootstrapServers: string
    topic: string
    partitions: number
    compression: string
    transactionalId?: string
    lines: readonly string[]
  }): Promise<void>
}

/** Compiles the program against the jars of Apache Kafka. */
export async function compileJavaProducer(): Promise<JavaProducer> {
  const classes = await mkdtemp(join(tmpdir(), 'millrace-java-'))
  await run('javac', ['-cp', await kafkaClasspath(), '-d', classes, source])
  const java = ['-Xmx128m', ...(await quickJava({ classes }))]
  return {
    async produce({ bootstrapServers, topic, partitions, compression, transactionalId, lines }) {
      const id = transactionalId === undefined ? [] : [transactionalId]
      const running = run('java', [...java, 'Produce', bootstrapServers, topic, String(partitions), compression, ...id])
      running.child.stdin!.end(lines.map((line) => `${line}\n`).join(''))
      await running
    },
    [Symbol.asyncDispose]: () => rm(classes, { recursive: true }),
  }
}
