#!/usr/bin/env bash
# @platformatic/kafka 2.12.1 beside Java's kafka-clients 4.3.1, on Apache Kafka 4.3.1: two members with one group.instance.id.
# Guess: the member that was replaced ends with FENCED_INSTANCE_ID, so that the one that came last keeps the place. Java's does.
# Seen: @platformatic/kafka takes that error for a reason to join again, under a new member id. So it shuts out its successor, which
# joins again in turn: two processes that were given one instance id by mistake take the place from each other without an error and
# without end, once in each heartbeat interval.
set -euo pipefail
findings=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
cd "$work"
. "$findings/kafka/start.sh"
start_kafka 4.3.1

npm init -y >/dev/null
npm install --silent --no-audit --no-fund @platformatic/kafka@2.12.1
cat >run.mjs <<'JS'
import { Admin, Consumer } from '@platformatic/kafka'

const brokers = [process.argv[2]]
const admin = new Admin({ clientId: 'admin', bootstrapBrokers: brokers })
await admin.createTopics({ topics: ['seats'], partitions: 1, replicas: 1 })
const joins = []
const errors = []
const take = async (name) => {
  const consumer = new Consumer({
    clientId: name, bootstrapBrokers: brokers, groupId: 'node', groupInstanceId: 'seat', heartbeatInterval: 200, sessionTimeout: 10_000,
  })
  consumer.topics.track('seats')
  consumer.on('consumer:group:join', () => joins.push(name))
  consumer.on('error', (error) => errors.push(error))
  await consumer.joinGroup()
  return consumer
}
const first = await take('first')
const second = await take('second')
while (joins.length < 12) await new Promise((resolve) => setTimeout(resolve, 50))
const taken = ['first', 'second'].map((name) => joins.filter((join) => join === name).length)
console.error(`joined: ${joins.join(', ')}`)
console.log(`@platformatic/kafka: ${Math.min(...taken) > 3 ? 'both join again and again' : 'one keeps the place'}, ${errors.length} errors`)
process.exit()
JS
cat >StaticMember.java <<'JAVA'
import java.time.Duration;
import java.util.*;
import org.apache.kafka.clients.consumer.*;
import org.apache.kafka.common.errors.FencedInstanceIdException;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;

public class StaticMember {
    static KafkaConsumer<byte[], byte[]> take(String servers) {
        Properties properties = new Properties();
        properties.putAll(Map.of("bootstrap.servers", servers, "group.id", "java", "group.instance.id", "seat",
            "heartbeat.interval.ms", "200", "session.timeout.ms", "10000"));
        var consumer = new KafkaConsumer<>(properties, new ByteArrayDeserializer(), new ByteArrayDeserializer());
        consumer.subscribe(List.of("seats"));
        while (consumer.assignment().isEmpty()) consumer.poll(Duration.ofMillis(100));
        return consumer;
    }

    public static void main(String[] arguments) {
        var first = take(arguments[0]);
        take(arguments[0]);
        try {
            while (true) first.poll(Duration.ofMillis(100));
        } catch (FencedInstanceIdException error) {
            System.out.println("kafka-clients: the one that was replaced ends with FencedInstanceIdException");
            Runtime.getRuntime().halt(0);
        }
    }
}
JAVA
NODE_NO_WARNINGS=1 node run.mjs "$kafka_server" | tee output.txt
java -cp "$kafka_classpath" StaticMember.java "$kafka_server" 2>java.log | tee -a output.txt
diff output.txt - <<'EXPECTED'
@platformatic/kafka: both join again and again, 0 errors
kafka-clients: the one that was replaced ends with FencedInstanceIdException
EXPECTED
