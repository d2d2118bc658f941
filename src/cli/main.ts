#!/usr/bin/env node
import { ConfigError } from '../core/errors.ts'
import { findCommand, helpFor, helpForAll, parseCall } from './arguments.ts'
import { type Command, exitCodes } from './command.ts'
import { audit } from './commands/audit.ts'
import { broker } from './commands/broker.ts'
import { demo } from './commands/demo.ts'
import { describe } from './commands/describe.ts'
import { explain } from './commands/explain.ts'
import { generate } from './commands/generate.ts'
import { reset } from './commands/reset.ts'
import { run } from './commands/run.ts'
import { verify } from './commands/verify.ts'
import { endProcess } from './end-process.ts'
import { Output } from './output.ts'
import { interruptSignal } from './signals.ts'

const commands: readonly Command[] = [demo, broker, generate, describe, run, verify, audit, explain, reset]

await endProcess(await main(process.argv.slice(2)))

async function main([name, ...words]: string[]): Promise<number> {
  const output = new Output(words.includes('--json'))
  try {
    if (name === undefined || name === '--help' || name === 'help') {
      process.stdout.write(`${helpForAll(commands)}\n`)
      return name === undefined ? exitCodes.usage : exitCodes.done
    }
    const command = findCommand(commands, name)
    if (words.includes('--help')) {
      process.stdout.write(`${helpFor(command)}\n`)
      return exitCodes.done
    }
    const call = parseCall(command, words)
    const signal = interruptSignal((signalName) =>
      output.note(`${signalName}: finishing what is under way; once more ends at once`),
    )
    return await command.run({ ...call, output, signal })
  } catch (error) {
    output.error(error)
    return error instanceof ConfigError ? exitCodes.usage : exitCodes.failed
  }
}
