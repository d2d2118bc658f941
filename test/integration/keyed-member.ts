/** A member of a program whose members share its work, in a process of its own, until it is told to stop. */
import { apis, tapWires } from '../../src/kafka/index.ts'
import { type Layout, start } from '../../src/streams/index.ts'
import {
  expiringTopology,
  faultyTopology,
  keyedTopology,
  packedTopology,
  rememberingTopology,
} from './keyed-topology.ts'
import type { Stream } from './target.ts'

/** Its first argument, as JSON. */
export interface KeyedMember extends Pick<Stream, 'app' | 'source' | 'sink'> {
  readonly bootstrapServers: string
  readonly layout: Layout
  readonly death?: MemberDeath
  /** Copies of each task. @defaultValue 0 */
  readonly standbyTasks?: number
  /** Whether a function makes the parts of the side A: they are those that the field would be. */
  readonly hasFunction?: boolean
  /** As which program it runs. @defaultValue `keyedTopology` */
  readonly program?: keyof typeof programs
  /** For a control: nothing keeps it, and it keeps nobody, from committing what is of others' tasks. */
  readonly isUnfenced?: boolean
}

const programs = {
  expiring: expiringTopology,
  packed: packedTopology,
  remembering: rememberingTopology,
  mended: (stream: Parameters<typeof keyedTopology>[0], layout: Layout) => faultyTopology(stream, layout, true),
}

/** When a member ends itself with SIGKILL. */
export interface MemberDeath {
  /** Which of its commits it is, from 1 on. */
  readonly diesAtCommit: number
  /** Whether that one is still sent, and its answer never heard. */
  readonly isCommitSent: boolean
}

/** Offsets that are committed as nobody's are taken whoever has the tasks. */
const nobody = { generationIdOrMemberEpoch: -1, memberId: '' }

function takeOffFences(): void {
  tapWires({
    onRequest({ api, request }, send) {
      if (api.key === apis.txnOffsetCommit.key) Object.assign(request as object, nobody)
      if (api.key === apis.initProducerId.key) {
        const asked = request as { transactionalId: string }
        const isOwn = asked.transactionalId.includes(`-${process.pid}-`)
        if (!isOwn) asked.transactionalId += '.nobody'
      }
      send()
    },
    onAnswer() {},
  })
}

function dieAt({ diesAtCommit, isCommitSent }: MemberDeath): void {
  let commits = 0
  const die = () => process.kill(process.pid, 'SIGKILL')
  tapWires({
    onRequest({ api, request }, send) {
      // Rights are asked for by an end that does not commit.
      const isCommit = api.key === apis.endTxn.key && (request as { committed: boolean }).committed
      if (!isCommit || ++commits < diesAtCommit) return send()
      if (isCommitSent) send(die)
      else die()
    },
    onAnswer() {},
  })
}

if (import.meta.main) {
  const {
    bootstrapServers,
    layout,
    death,
    isUnfenced,
    standbyTasks = 0,
    hasFunction,
    program,
    ...stream
  } = JSON.parse(process.argv[2]!) as KeyedMember
  if (isUnfenced === true) takeOffFences()
  if (death !== undefined) dieAt(death)
  const settings = {
    bootstrapServers,
    heartbeatIntervalMs: 200,
    epochMs: 50,
    standbyTasks,
    standbyRefreshMs: 100,
    sourceRefreshMs: 200,
  }
  const topology =
    program === undefined
      ? keyedTopology(stream, layout, hasFunction ? ({ part }) => part : undefined)
      : programs[program](stream, layout)
  const app = await start(topology, settings)
  process.once('SIGTERM', () => void app.stop())
  await app.done
}
