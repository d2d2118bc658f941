import { describe, it } from 'node:test'
import { systemRandom } from '../../core/random.ts'
import type { TaskProtocol } from '../../kafka/index.ts'
import { Simulation } from './simulation/simulation.ts'

const runs = Number(process.env['MILLRACE_RUNS'] ?? 1_000)
const firstSeed = Number(process.env['MILLRACE_SEED'] ?? systemRandom.nextUint32())
const protocols: readonly TaskProtocol[] = ['streams', 'consumer', 'classic']

describe('members that share tasks', { concurrency: false }, () => {
  for (const protocol of protocols) {
    it(`of a ${protocol} group commit nothing twice, and work on all in the end (MILLRACE_SEED=${firstSeed})`, async () => {
      for (let run = 0; run < runs; run++) {
        const seed = (firstSeed + run) >>> 0
        try {
          await new Simulation(protocol, seed).run()
        } catch (error) {
          const command = `MILLRACE_RUNS=1 MILLRACE_SEED=${seed} node --test ${process.argv[1]}`
          throw new Error(`replay with: ${command}`, { cause: error })
        }
      }
    })
  }
})
