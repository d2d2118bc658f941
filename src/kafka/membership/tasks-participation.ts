import { MillraceError } from '../../core/errors.ts'
import { errorCode } from '../../protocol/index.ts'
import { refusalCode } from '../cluster/broker-error.ts'
import { topicUuid } from '../cluster/topic-id.ts'
import { classicDriver } from '../group-membership/classic-driver.ts'
import { consumerDriver } from '../group-membership/consumer-driver.ts'
import { setUpGroup } from '../group-membership/group-settings.ts'
import type { MembershipDriver } from '../group-membership/membership-driver.ts'
import { streamsDriver } from '../group-membership/streams-driver.ts'
import { streamsTopologyOf } from '../group-membership/streams-topology.ts'
import { TaskRoster } from '../group-membership/task-roster.ts'
import { type SessionEvent, TaskSession } from '../group-membership/task-session.ts'
import type { TaskProtocol } from '../group-membership/task-topics.ts'
import { processIdOf, processOf } from './process-identity.ts'
import type { Participation, Room } from './room.ts'
import { failureOf, type TasksPart } from './thread.ts'

/** In the order in which they are tried. */
const protocols: readonly TaskProtocol[] = ['streams', 'consumer', 'classic']

/** Takes part where members share tasks, by the first protocol that the coordinator speaks for this group. */
export function participateInTasks(room: Room, part: TasksPart): Participation {
  return new TasksParticipation(room, part)
}

class TasksParticipation implements Participation {
  readonly #room: Room
  readonly #part: TasksPart
  #session: TaskSession | undefined
  #roster: TaskRoster | undefined
  #running: Promise<void> | undefined
  #isLeaving = false

  constructor(room: Room, part: TasksPart) {
    this.#room = room
    this.#part = part
  }

  async run(): Promise<void> {
    const wanted = this.#part.protocol
    const tried = wanted === undefined ? protocols : [wanted]
    for (const [index, protocol] of tried.entries()) {
      try {
        return await this.#speak(protocol)
      } catch (error) {
        const next = tried[index + 1]
        if (this.#session?.hasJoined || next === undefined || !isOtherProtocol(error)) throw error
        this.#degraded(`the group is joined by the ${next} protocol: ${error.message}`)
      }
    }
  }

  hear(message: Parameters<Participation['hear']>[0]): void {
    switch (message.kind) {
      case 'confirm':
        return this.#session?.confirm()
      case 'gaveUp':
        return this.#session?.gaveUp(message.tasks)
      case 'stopped':
        return this.#session?.stopped()
      case 'members':
        return void this.#tellMembers()
      case 'leave':
      case 'revoked':
      case 'token':
      case 'tokenFailed':
    }
  }

  async leave(): Promise<void> {
    this.#isLeaving = true
    this.#session?.leave()
    await this.#running
  }

  async #speak(protocol: TaskProtocol): Promise<void> {
    const { cluster, settings, tell, removeDead } = this.#room
    const { group, instanceId, heartbeatIntervalMs, sessionTimeoutMs } = settings
    const driver = await this.#driver(protocol)
    if (this.#isLeaving) return
    const roster = new TaskRoster({ cluster, group, roster: driver.roster, onRemoved: () => this.#session?.confirm() })
    const session = new TaskSession({
      cluster,
      driver,
      group,
      groupInstanceId: protocol === 'classic' ? instanceId : null,
      heartbeatIntervalMs,
      sessionTimeoutMs,
      tell: (event) => this.#tell(event),
      onJoined: () => {
        tell({ kind: 'joined', protocol })
        // A join that waits for others has no epoch yet by which these could learn of it.
        if (driver.traits.holdsJoins) removeDead(roster)
        else removeDead(roster, () => session.epoch)
      },
    })
    this.#session = session
    this.#roster = roster
    this.#running = session.run()
    await this.#running
  }

  async #driver(protocol: TaskProtocol): Promise<MembershipDriver> {
    const { cluster, settings } = this.#room
    const { group, instanceId: name, sessionTimeoutMs } = settings
    const { topics, giveUpMsMax, standbyCount } = this.#part
    const options = { group, name, giveUpMsMax }
    const self = processOf(name)!
    const onDegraded = (sentence: string) => this.#degraded(sentence)
    await setUpGroup({ cluster, group, protocol, standbyCount, onDegraded })
    switch (protocol) {
      case 'streams':
        return streamsDriver({
          ...options,
          topology: streamsTopologyOf(topics),
          processId: processIdOf(self),
          host: self.host,
        })
      case 'consumer': {
        const [topic] = await cluster.topics([topics.tasks])
        return consumerDriver({ ...options, topic: { name: topics.tasks, id: topicUuid(topic!.id) } })
      }
      case 'classic':
        return classicDriver({ ...options, topic: topics.tasks, taskCount: topics.taskCount, sessionTimeoutMs })
    }
  }

  #tell(event: SessionEvent): void {
    const { tell, watchLoop } = this.#room
    if (event.kind === 'stopping') return tell({ kind: 'stopping', failure: failureOf(event.reason) })
    if (event.kind === 'gained') watchLoop()
    tell(event)
  }

  async #tellMembers(): Promise<void> {
    const { tell } = this.#room
    try {
      tell({ kind: 'members', names: await this.#roster!.names() })
    } catch (error) {
      if (!MillraceError.is(error)) throw error
      tell({ kind: 'membersUnknown', failure: failureOf(error) })
    }
  }

  #degraded(sentence: string): void {
    this.#room.tell({ kind: 'degraded', sentence })
  }
}

/** Whether the coordinator has said that another protocol is the one to speak: by its version, or for this group. */
function isOtherProtocol(error: unknown): error is MillraceError {
  if (!MillraceError.is(error)) return false
  if (error.code === 'KAFKA_VERSION_UNSUPPORTED') return true
  const code = refusalCode(error)
  return code === errorCode.unsupportedVersion || code === errorCode.groupIdNotFound
}
