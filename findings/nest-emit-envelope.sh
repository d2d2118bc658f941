#!/usr/bin/env bash
# @nestjs/microservices 12.1.1 with kafkajs 2.2.4, on Apache Kafka 4.4.0.
# Guess: `client.emit('payments', event)` writes the event as JSON, whatever its fields are called.
# Seen: an event that has a field `value` or `key` is taken for a message of kafkajs. Of one with `value` only that field is written, of one
# with `key` alone a tombstone; `partition` and `headers` are taken from it as well. Nothing is said, and the event itself is changed: its
# value is a text then, and it has headers. `emit('payments', { value: event })` writes all of it.
set -euo pipefail
findings=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
cd "$work"
. "$findings/kafka/start.sh"
start_kafka 4.4.0

npm init --yes >npm.log
npm install --silent --no-audit --no-fund @nestjs/microservices@12.1.1 @nestjs/common@12.1.1 @nestjs/core@12.1.1 kafkajs@2.2.4 \
  reflect-metadata rxjs@7 >>npm.log
cat >run.mjs <<'JS'
import 'reflect-metadata'
import { ClientKafka } from '@nestjs/microservices'
import kafkajs from 'kafkajs'
import { lastValueFrom } from 'rxjs'

const options = { brokers: [process.argv[2]], logLevel: kafkajs.logLevel.NOTHING }
const admin = new kafkajs.Kafka(options).admin()
await admin.connect()
await admin.createTopics({ topics: [{ topic: 'payments', numPartitions: 1 }] })

const client = new ClientKafka({ client: options, producerOnlyMode: true })
await client.connect()
const events = [
  { orderId: 'o-1', cents: 1250 },
  { orderId: 'o-2', value: 1250 },
  { orderId: 'o-3', key: 'card' },
  { orderId: 'o-4', key: 'card', value: { cents: 1250 } },
  { value: { orderId: 'o-5', key: 'card', value: 1250 } },
]
for (const event of events) {
  console.log('emitted:', JSON.stringify(event))
  await lastValueFrom(client.emit('payments', event), { defaultValue: null })
}
console.log('the second one afterwards:', JSON.stringify(events[1]))
// The broker has answered each; nothing is to be waited for.
process.exit()
JS
cat >Read.java <<'JAVA'
import java.time.Duration;
import java.util.*;
import org.apache.kafka.clients.consumer.*;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.StringDeserializer;

public class Read {
    public static void main(String[] arguments) {
        var partitions = List.of(new TopicPartition("payments", 0));
        Map<String, Object> options = Map.of("bootstrap.servers", arguments[0]);
        var consumer = new KafkaConsumer<>(options, new StringDeserializer(), new StringDeserializer());
        consumer.assign(partitions);
        consumer.seekToBeginning(partitions);
        while (consumer.position(partitions.get(0)) < 5)
            for (var record : consumer.poll(Duration.ofMillis(100)))
                System.out.println("read: key " + record.key() + ", value " + record.value());
        consumer.close();
    }
}
JAVA
{
  node --no-warnings run.mjs "$kafka_server"
  java -cp "$kafka_classpath" Read.java "$kafka_server" 2>java.log
} | tee output.txt
diff output.txt - <<'EXPECTED'
emitted: {"orderId":"o-1","cents":1250}
emitted: {"orderId":"o-2","value":1250}
emitted: {"orderId":"o-3","key":"card"}
emitted: {"orderId":"o-4","key":"card","value":{"cents":1250}}
emitted: {"value":{"orderId":"o-5","key":"card","value":1250}}
the second one afterwards: {"orderId":"o-2","value":"1250","headers":{}}
read: key null, value {"orderId":"o-1","cents":1250}
read: key null, value 1250
read: key card, value null
read: key card, value {"cents":1250}
read: key null, value {"orderId":"o-5","key":"card","value":1250}
EXPECTED
