#!/usr/bin/env bash
# kafkajs 2.2.4 and @platformatic/kafka 2.12.1 beside Java's kafka-clients 4.4.0, on Apache Kafka 4.4.0.
# Guess: a consumer at read_committed, which is the default of both, is never given a record of an aborted transaction.
# Seen: both give such records, each in two cases. A broker lists aborted transactions in the order of their ends, and marks an end by a
# control record. kafkajs takes the list as sorted by beginnings, so of two transactions of which one ends within the other it gives out the
# first records of the outer one; and it takes any record for the end whose key is four zero bytes, as the integer 0 is, and gives out that one
# and all that follow. @platformatic/kafka keeps one aborted range of a producer for a response, so of two in one response the first is given
# out, and of a transaction whose marker is in a later response all that came before it.
set -euo pipefail
findings=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
cd "$work"
. "$findings/kafka/start.sh"
start_kafka 4.4.0

npm init -y >/dev/null
npm install --silent --no-audit --no-fund @platformatic/kafka@2.12.1 kafkajs@2.2.4
cat >run.mjs <<'JS'
import { Consumer } from '@platformatic/kafka'
import kafkajs from 'kafkajs'

const brokers = [process.argv[2]]
const kafka = new kafkajs.Kafka({ brokers, logLevel: kafkajs.logLevel.NOTHING })
const topics = ['nested', 'integer-key', 'twice', 'long']
const admin = kafka.admin()
await admin.connect()
await admin.createTopics({ topics: [...topics, 'other'].map((topic) => ({ topic, numPartitions: 1, replicationFactor: 1 })) })
await admin.disconnect()

async function producer(transactionalId) {
  const producer = kafka.producer({ transactionalId, idempotent: true, maxInFlightRequests: 1 })
  await producer.connect()
  return producer
}
const send = (transaction, topic, value, key = 'k') => transaction.send({ topic, messages: [{ key, value }] })
const integer = (number) => {
  const bytes = Buffer.alloc(4)
  bytes.writeInt32BE(number)
  return bytes
}
const outer = await producer('outer')
const inner = await producer('inner')

const around = await outer.transaction()
await send(around, 'nested', 'aborted, outer')
const within = await inner.transaction()
await send(within, 'nested', 'aborted, inner')
await within.abort()
// The answer to an abort comes before its marker is in the log; the next transaction begins after it.
const after = await inner.transaction()
await send(after, 'other', 'committed')
await after.commit()
await around.abort()

const integers = await outer.transaction()
for (const number of [1, 0, 2]) await send(integers, 'integer-key', `aborted, key ${number}`, integer(number))
await integers.abort()

for (const turn of ['first', 'second']) {
  const transaction = await outer.transaction()
  await send(transaction, 'twice', `aborted, ${turn}`)
  await transaction.abort()
}

const long = await outer.transaction()
for (const part of [1, 2, 3]) await send(long, 'long', `aborted, part ${part}`.padEnd(2000))
await long.abort()

const last = await outer.transaction()
for (const topic of topics) await send(last, topic, 'committed')
await last.commit()
await outer.disconnect()
await inner.disconnect()

for (const topic of topics) {
  const seen = []
  const consumer = kafka.consumer({ groupId: `kafkajs-${topic}` })
  await consumer.connect()
  await consumer.subscribe({ topic, fromBeginning: true })
  await new Promise((resolve) =>
    consumer.run({
      eachMessage: async ({ message }) => {
        seen.push(message.value.toString().trim())
        if (seen.at(-1) === 'committed') resolve()
      },
    }),
  )
  await consumer.disconnect()
  console.log(`kafkajs, ${topic}: ${seen.join('; ')}`)
}
for (const topic of topics) {
  const seen = []
  const consumer = new Consumer({ clientId: 'c', groupId: `platformatic-${topic}`, bootstrapBrokers: brokers })
  const stream = await consumer.consume({ topics: [topic], mode: 'earliest', autocommit: false, maxBytes: topic === 'long' ? 2500 : 1e6 })
  for await (const { value } of stream) {
    seen.push(value.toString().trim())
    if (seen.at(-1) === 'committed') break
  }
  await consumer.close(true)
  console.log(`@platformatic/kafka, ${topic}: ${seen.join('; ')}`)
}
process.exit()
JS
cat >ReadCommitted.java <<'JAVA'
import java.time.Duration;
import java.util.*;
import org.apache.kafka.clients.consumer.*;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.StringDeserializer;

public class ReadCommitted {
    public static void main(String[] arguments) {
        Map<String, Object> options = Map.of("bootstrap.servers", arguments[0], "isolation.level", "read_committed",
            "max.partition.fetch.bytes", 2500);
        var consumer = new KafkaConsumer<>(options, new StringDeserializer(), new StringDeserializer());
        for (String topic : List.of("nested", "integer-key", "twice", "long")) {
            var partition = new TopicPartition(topic, 0);
            consumer.assign(List.of(partition));
            consumer.seekToBeginning(List.of(partition));
            List<String> seen = new ArrayList<>();
            while (!seen.contains("committed"))
                for (var record : consumer.poll(Duration.ofMillis(200))) seen.add(record.value().trim());
            System.out.println("kafka-clients, " + topic + ": " + String.join("; ", seen));
        }
        System.exit(0);
    }
}
JAVA
NODE_NO_WARNINGS=1 node run.mjs "$kafka_server" | tee output.txt
java -cp "$kafka_classpath" ReadCommitted.java "$kafka_server" 2>java.log | tee -a output.txt
diff output.txt - <<'EXPECTED'
kafkajs, nested: aborted, outer; committed
kafkajs, integer-key: aborted, key 0; aborted, key 2; committed
kafkajs, twice: committed
kafkajs, long: committed
@platformatic/kafka, nested: committed
@platformatic/kafka, integer-key: committed
@platformatic/kafka, twice: aborted, first; committed
@platformatic/kafka, long: aborted, part 1; aborted, part 2; committed
kafka-clients, nested: committed
kafka-clients, integer-key: committed
kafka-clients, twice: committed
kafka-clients, long: committed
EXPECTED
