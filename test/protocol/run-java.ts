import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { quickJava } from '../../tools/kafka/quick-java.ts'

/** Runs a program of `java/` with Kafka's classes, gives it these lines, and returns what it answers to each. */
export async function runJava(program: string, lines: readonly string[]): Promise<string[]> {
  const file = join(import.meta.dirname, 'java', program)
  const java = spawn('java', ['-Xmx256m', ...(await quickJava()), file], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  java.stdin.end(`${lines.join('\n')}\n`)
  return (await text(java.stdout)).trimEnd().split('\n')
}
