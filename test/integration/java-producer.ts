import { execFile } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { kafkaClasspath } from '../../tools/kafka/start.ts'

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
  const jars = await kafkaClasspath()
  const classes = await mkdtemp(join(tmpdir(), 'millrace-java-'))
  await run('javac', ['-cp', jars, '-d', classes, source])
  return {
    async produce({ bootstrapServers, topic, partitions, compression, transactionalId, lines }) {
      const id = transactionalId === undefined ? [] : [transactionalId]
      const java = ['-Xmx128m', '-XX:TieredStopAtLevel=1', '-cp', `${classes}:${jars}`, 'Produce']
      const running = run('java', [...java, bootstrapServers, topic, String(partitions), compression, ...id])
      running.child.stdin!.end(lines.map((line) => `${line}\n`).join(''))
      await running
    },
    [Symbol.asyncDispose]: () => rm(classes, { recursive: true }),
  }
}
