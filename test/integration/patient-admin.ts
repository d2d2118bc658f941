import type { Admin, Kafka } from 'kafkajs'
import { until } from '../until.ts'

/**
 * Connects an administrator whose topics are there when `createTopics` resolves. That of kafkajs does not wait for a
 * broker that has not heard of a new topic yet, but fails.
 */
export async function patientAdmin(kafka: Kafka): Promise<Admin> {
  const admin = kafka.admin()
  await admin.connect()
  return {
    ...admin,
    async createTopics(options) {
      const isNew = await admin.createTopics({ ...options, waitForLeaders: false })
      const topics = options.topics.map(({ topic }) => topic)
      await until('the topics have leaders', () => isServed(admin, topics))
      return isNew
    },
  }
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
