#!/usr/bin/env bash
# @platformatic/kafka 2.12.1 beside kafkajs 2.2.4, each in one group with Java's kafka-clients 4.4.0, on Apache Kafka 4.4.0.
# Guess: while a group moves from the classic protocol to the one of KIP-848 its members of both kinds share the partitions, as KIP-848
# promises of clients that know nothing of it. kafkajs does.
# Seen: @platformatic/kafka, with its default protocol, joins, is assigned its half, and asks for committed offsets with its member id and
# without its generation, which the broker of such a group refuses (ILLEGAL_GENERATION). Its stream ends with that error; the consumer stays
# a member, its heartbeats go on, and nobody reads its partitions.
set -euo pipefail
findings=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
cd "$work"
. "$findings/kafka/start.sh"
start_kafka 4.4.0

npm init -y >/dev/null
npm install --silent --no-audit --no-fund @platformatic/kafka@2.12.1 kafkajs@2.2.4
cat >JavaMember.java <<'JAVA'
import java.time.Duration;
import java.util.*;
import org.apache.kafka.clients.admin.*;
import org.apache.kafka.clients.consumer.*;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;

/** A member by the protocol of KIP-848, which says when it has all partitions, and lives until it is ended. */
public class JavaMember {
    public static void main(String[] arguments) {
        Map<String, Object> options = Map.of("bootstrap.servers", arguments[0], "group.id", arguments[1], "group.protocol", "consumer");
        var consumer = new KafkaConsumer<>(options, new ByteArrayDeserializer(), new ByteArrayDeserializer());
        consumer.subscribe(List.of("shared"));
        boolean isTold = false;
        while (true) {
            consumer.poll(Duration.ofMillis(100));
            if (!isTold && consumer.assignment().size() == 4) System.out.println("has all");
            isTold |= consumer.assignment().size() == 4;
        }
    }
}
JAVA
cat >run.mjs <<'JS'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { Consumer } from '@platformatic/kafka'
import kafkajs from 'kafkajs'

const [server, classpath] = process.argv.slice(2)
const kafka = new kafkajs.Kafka({ brokers: [server], logLevel: kafkajs.logLevel.NOTHING })
const admin = kafka.admin()
await admin.connect()
await admin.createTopics({ topics: [{ topic: 'shared', numPartitions: 4, replicationFactor: 1 }] })
const producer = kafka.producer()
await producer.connect()
const records = [0, 1, 2, 3].map((partition) => ({ partition, value: 'v' }))

async function withJavaMember(group, work) {
  const java = spawn('java', ['-cp', classpath, 'JavaMember.java', server, group], { stdio: ['ignore', 'pipe', 'ignore'] })
  await once(java.stdout, 'data')
  await work()
  java.kill('SIGKILL')
}

await withJavaMember('with-kafkajs', async () => {
  const consumer = kafka.consumer({ groupId: 'with-kafkajs' })
  await consumer.connect()
  await consumer.subscribe({ topic: 'shared', fromBeginning: true })
  const assigned = new Promise((resolve) =>
    consumer.on(consumer.events.GROUP_JOIN, ({ payload }) => payload.memberAssignment.shared?.length === 2 && resolve()),
  )
  const seen = new Set()
  const read = new Promise((resolve) =>
    consumer.run({ eachMessage: async ({ partition }) => void (seen.add(partition).size === 2 && resolve()) }),
  )
  await assigned
  await producer.send({ topic: 'shared', messages: records })
  await read
  console.log('kafkajs: is assigned 2 partitions and reads them')
  await consumer.disconnect()
})

await withJavaMember('with-platformatic', async () => {
  const consumer = new Consumer({ clientId: 'c', groupId: 'with-platformatic', bootstrapBrokers: [server] })
  let heartbeats = 0
  consumer.on('consumer:heartbeat:end', () => heartbeats++)
  const stream = await consumer.consume({ topics: ['shared'], mode: 'committed', fallbackMode: 'earliest', heartbeatInterval: 500 })
  const seen = []
  stream.on('data', (message) => seen.push(message))
  const [error] = await once(stream, 'error')
  const before = heartbeats
  while (heartbeats < before + 3) await new Promise((resolve) => setTimeout(resolve, 100))
  console.log(`@platformatic/kafka: ${error.message}`)
  console.log(`@platformatic/kafka: ${[error, ...(error.errors ?? [])].at(-1).message}`)
  const partitions = consumer.assignments.flatMap((assignment) => assignment.partitions).length
  console.log(`@platformatic/kafka: keeps ${partitions} partitions by its heartbeats, is active: ${consumer.isActive()}, has read ${seen.length} records`)
})
process.exit()
JS
NODE_NO_WARNINGS=1 node run.mjs "$kafka_server" "$kafka_classpath" | tee output.txt
diff output.txt - <<'EXPECTED'
kafkajs: is assigned 2 partitions and reads them
@platformatic/kafka: Received response with error while executing API OffsetFetch(v9)
@platformatic/kafka: Specified group generation id is not valid.
@platformatic/kafka: keeps 2 partitions by its heartbeats, is active: true, has read 0 records
EXPECTED
