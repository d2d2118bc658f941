#!/usr/bin/env bash
# kafkajs 2.2.4 beside @platformatic/kafka 2.12.1, on Apache Kafka 4.4.0, on a compacted topic that Java's producer has written.
# Guess: a consumer reads on over whatever compaction has removed.
# Seen: the cleaner keeps an idempotent producer's last batch without its records, and Java's producer is idempotent by default. Where such an
# empty batch is the last of its segment, the broker answers a fetch from there with that batch alone. kafkajs counts records, finds none,
# and asks for the same offset again, without a pause and without an error: it takes hundreds of fetches a second, and never reads on.
# A quiet topic has that shape after a producer has been restarted: the segment rolls by its age with the first record of the next one.
set -euo pipefail
findings=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
cd "$work"
. "$findings/kafka/start.sh"
start_kafka 4.4.0

npm init -y >/dev/null
npm install --silent --no-audit --no-fund @platformatic/kafka@2.12.1 kafkajs@2.2.4
cat >Write.java <<'JAVA'
import java.util.*;
import org.apache.kafka.clients.admin.*;
import org.apache.kafka.clients.producer.*;
import org.apache.kafka.common.serialization.StringSerializer;

public class Write {
    public static void main(String[] arguments) throws Exception {
        // Two records of 700,000 bytes make a segment full, so that the cleaner leaves segments apart.
        var configs = Map.of("cleanup.policy", "compact", "segment.ms", "1000", "segment.bytes", "1048576", "min.cleanable.dirty.ratio", "0.01");
        try (Admin admin = Admin.create(Map.of("bootstrap.servers", arguments[0]))) {
            admin.createTopics(List.of(new NewTopic("accounts", 1, (short) 1).configs(configs))).all().get();
        }
        // Each record by a producer of its own, a segment's age apart: of the first two only "a" stays, and "b" is written again.
        for (String key : List.of("a", "b", "b", "c", "d")) {
            Map<String, Object> options = Map.of("bootstrap.servers", arguments[0]);
            try (var producer = new KafkaProducer<>(options, new StringSerializer(), new StringSerializer())) {
                producer.send(new ProducerRecord<>("accounts", key, "x".repeat(700_000))).get();
            }
            Thread.sleep(1200);
        }
    }
}
JAVA
cat >run.mjs <<'JS'
import { Consumer } from '@platformatic/kafka'
import kafkajs from 'kafkajs'

const brokers = [process.argv[2]]
const told = (client, seen) => console.log(`${client}: ${seen.map(({ offset, key }) => `${key} at ${offset}`).join(', ')}`)
{
  const seen = []
  let fetches = 0
  const consumer = new kafkajs.Kafka({ brokers, logLevel: kafkajs.logLevel.NOTHING }).consumer({ groupId: 'kafkajs' })
  await consumer.connect()
  await consumer.subscribe({ topic: 'accounts', fromBeginning: true })
  // "d" is the last one; a thousand fetches without a record are enough to say that it does not come.
  await new Promise((resolve) => {
    consumer.on(consumer.events.FETCH, () => void (++fetches > 1000 && resolve()))
    consumer.run({
      eachMessage: async ({ message }) => {
        fetches = 0
        seen.push(message)
        if (String(message.key) === 'd') resolve()
      },
    })
  })
  told('kafkajs', seen)
  console.log(`kafkajs: ${fetches > 1000 ? 'then a thousand fetches without a record' : 'all'}`)
  await consumer.disconnect()
}
{
  const seen = []
  const consumer = new Consumer({ clientId: 'c', groupId: 'platformatic', bootstrapBrokers: brokers })
  const stream = await consumer.consume({ topics: ['accounts'], mode: 'earliest', autocommit: false })
  for await (const message of stream) {
    seen.push(message)
    if (String(message.key) === 'd') break
  }
  told('@platformatic/kafka', seen)
  await consumer.close(true)
}
process.exit()
JS
java -cp "$kafka_classpath" Write.java "$kafka_server" 2>java.log
# The cleaner comes around every 15 s: its checkpoint names the partition when it is done.
for _ in $(seq 240); do grep -q '^accounts 0 [1-9]' log/cleaner-offset-checkpoint && break || sleep 0.25; done
NODE_NO_WARNINGS=1 node run.mjs "$kafka_server" | tee output.txt
diff output.txt - <<'EXPECTED'
kafkajs: a at 0
kafkajs: then a thousand fetches without a record
@platformatic/kafka: a at 0, b at 2, c at 3, d at 4
EXPECTED
