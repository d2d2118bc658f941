/** A member of a program whose members share its work, in a process of its own, until it is told to stop. */
import { apis, tapWires } from '../../src/kafka/index.ts'
import { type Layout, start } from '../../src/streams/index.ts'
import { keyedTopology } from './keyed-topology.ts'
import type { Stream } from './target.ts'

/** Its first argument, as JSON. */
export interface KeyedMember extends Pick<Stream, 'app' | 'source' | 'sink'> {
  readonly bootstrapServers: string
  readonly layout: Layout
  readonly death?: MemberDeath
}

/** When a member ends itself with SIGKILL. */
export interface MemberDeath {
  /** Which of its commits it is, from 1 on. */
  readonly diesAtCommit: number
  /** Whether that one is still sent, and its answer never heard. */
  readonly isCommitSent: boolean
}

function dieAt({ diesAtCommit, isCommitSent }: MemberDeath): void {
  let commits = 0
  const die = () => process.kill(process.pid, 'SIGKILL')
  tapWires({
    onRequest({ api }, send) {
      if (api.key !== apis.endTxn.key || ++commits < diesAtCommit) return send()
      if (isCommitSent) send(die)
      else die()
    },
    onAnswer() {},
  })
}

if (import.meta.main) {
  const { bootstrapServers, layout, death, ...stream } = JSON.parse(process.argv[2]!) as KeyedMember
  if (death !== undefined) dieAt(death)
  const settings = { bootstrapServers, heartbeatIntervalMs: 200, epochMs: 50 }
  const app = await start(keyedTopology(stream, layout), settings)
  process.once('SIGTERM', () => void app.stop())
  await app.done
}
