# To be sourced after start.sh: `leave_out_of_sync TOPIC...` makes the topics on the one broker, and `payments`, whose second replica has
# ended and which wants two (`min.insync.replicas`): the broker refuses what is sent there with acks of all replicas (NOT_ENOUGH_REPLICAS).
# Needs kafkajs in the current folder.
leave_out_of_sync() {
  local second_pid
  sed -e 's/^process.roles=.*/process.roles=broker/' -e 's/^node.id=.*/node.id=2/' -e "s|^log.dirs=.*|log.dirs=$PWD/log-2|" \
    -e "s|^listeners=.*|listeners=PLAINTEXT://127.0.0.1:$(free_port)|" server.properties >second.properties
  java -cp "$kafka_classpath" kafka.tools.StorageTool format -t findings-kafka-AAAAAA -c second.properties >>format.log 2>&1
  java -Xmx512m -cp "$kafka_classpath" kafka.Kafka second.properties >second.log 2>&1 &
  second_pid=$!
  trap 'kill -9 $kafka_pid '"$second_pid"' 2>/dev/null' EXIT
  cat >out-of-sync.mjs <<'JS'
import kafkajs from 'kafkajs'
import { setTimeout } from 'node:timers/promises'

const [, , server, secondPid, ...names] = process.argv
const admin = new kafkajs.Kafka({ brokers: [server], logLevel: kafkajs.logLevel.NOTHING }).admin()
await admin.connect()
while ((await admin.describeCluster()).brokers.length < 2) await setTimeout(200)
const topics = names.map((topic) => ({ topic, replicaAssignment: [{ partition: 0, replicas: [1] }] }))
const configEntries = [{ name: 'min.insync.replicas', value: '2' }]
topics.push({ topic: 'payments', replicaAssignment: [{ partition: 0, replicas: [1, 2] }], configEntries })
await admin.createTopics({ topics, waitForLeaders: true })
process.kill(Number(secondPid))
async function inSyncCount() {
  try {
    return (await admin.fetchTopicMetadata({ topics: ['payments'] })).topics[0].partitions[0].isr.length
  } catch {
    // It asked the broker that has ended.
    return 2
  }
}
while ((await inSyncCount()) > 1) await setTimeout(200)
process.exit()
JS
  node --no-warnings out-of-sync.mjs "$kafka_server" "$second_pid" "$@"
}
