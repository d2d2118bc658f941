import type { Admin, Kafka } from 'kafkajs'
import { until } from '../until.ts'

/** A failure of kafkajs, which may be several. */
interface KafkaJsFailure {
  readonly type?: string
  readonly errors?: readonly KafkaJsFailure[]
}

/**
 * Connects an administrator whose topics are there when `createTopics` resolves. That of kafkajs does not wait for a
 * broker that has not heard of a new topic yet, but fails, and so it does where a busy broker was too late to tell its
 * controller that it lives, which for a moment knows of none to put a topic on.
 */
export async function patientAdmin(kafka: Kafka): Promise<Admin> {
  const admin = kafka.admin()
  await admin.connect()
  return {
    ...admin,
    async createTopics(options) {
      let isNew = false
      await until('there is a broker for the topics', async () => {
        try {
          isNew = await admin.createTopics({ ...options, waitForLeaders: false })
          return true
        } catch (error) {
          if (isWithoutBroker(error as KafkaJsFailure)) return false
          throw error
        }
      })
      const topics = options.topics.map(({ topic }) => topic)
      await until('the topics have leaders', () => isServed(admin, topics))
      return isNew
    },
  }
}

function isWithoutBroker({ type, errors = [] }: KafkaJsFailure): boolean {
  return type === 'INVALID_REPLICATION_FACTOR' || errors.some(isWithoutBroker)
}

async function isServed(admin: Admin, topics: string[]): Promise<boolean> {
  try {
    const found = await admin.fetchTopicMetadata({ topics })
    return found.topics.every(({ partitions }) => partitions.every(({ leader }) => leader >= 0))
  } catch (error) {
    if ((error as { retriable?: boolean }).retriable === true) return false
    throw error
  }
}
