/** A reset in a process of its own, which ends itself with SIGKILL at one of the requests that change something. */
import { MillraceError } from '../../src/core/errors.ts'
import { apis, tapWires } from '../../src/kafka/index.ts'
import { reset } from '../../src/streams/index.ts'

/** Its first argument, as JSON. */
export interface KilledReset {
  readonly app: string
  readonly bootstrapServers: string
  /** Which of these requests it is, from 1 on. */
  readonly diesAt: number
  /** Whether that one is still sent, and its answer never heard. */
  readonly isSent: boolean
}

const changing = new Set([apis.initProducerId.key, apis.deleteGroups.key, apis.deleteTopics.key])

function dieAt({ diesAt, isSent }: KilledReset): void {
  let count = 0
  const die = () => process.kill(process.pid, 'SIGKILL')
  tapWires({
    onRequest({ api }, send) {
      if (!changing.has(api.key) || ++count < diesAt) return send()
      if (isSent) send(die)
      else die()
    },
    onAnswer() {},
  })
}

if (import.meta.main) {
  const given = JSON.parse(process.argv[2]!) as KilledReset
  dieAt(given)
  try {
    await reset({ app: given.app, bootstrapServers: given.bootstrapServers })
  } catch (error) {
    // The one before has deleted all, and died before it heard so.
    if (!MillraceError.is(error) || error.code !== 'APP_UNKNOWN') throw error
  }
}
