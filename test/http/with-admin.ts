import { Kafka, logLevel } from 'kafkajs'
import { patientAdmin } from '../integration/patient-admin.ts'
import type { createStream, Stream } from '../integration/target.ts'

/** Creates the topics of one program on a broker of this test alone. */
export async function withAdmin(bootstrapServers: string, create: typeof createStream): Promise<Stream> {
  const kafka = new Kafka({ brokers: [bootstrapServers], logLevel: logLevel.NOTHING })
  const admin = await patientAdmin(kafka)
  try {
    return await create({ bootstrapServers, kafka, admin })
  } finally {
    await admin.disconnect()
  }
}
