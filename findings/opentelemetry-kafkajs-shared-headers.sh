#!/usr/bin/env bash
# @opentelemetry/instrumentation-kafkajs 0.33.0 with @opentelemetry/sdk-trace 3.1.1 and kafkajs 2.2.4, on Apache Kafka 4.4.0.
# Guess: each message that is sent carries the context of its own span, so that what a consumer does with it is a child of that span.
# Seen: the context is written into the object of headers that the program has given. Where messages share one, as constant headers do, each
# span writes over the one before, and all messages carry the context of the last: the spans of all consumers hang on one, the other spans
# have no child, and the object of the program has a traceparent from then on. With an object for each message all is right.
set -euo pipefail
findings=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
cd "$work"
. "$findings/kafka/start.sh"
start_kafka 4.4.0

npm init --yes >npm.log
npm install --silent --no-audit --no-fund kafkajs@2.2.4 @opentelemetry/api@1.10.0 @opentelemetry/sdk-trace@3.1.1 @opentelemetry/core@3.1.1 \
  @opentelemetry/context-async-hooks@3.1.1 @opentelemetry/instrumentation-kafkajs@0.33.0 >>npm.log
cat >run.cjs <<'JS'
const { context, propagation, trace } = require('@opentelemetry/api')
const { AsyncLocalStorageContextManager } = require('@opentelemetry/context-async-hooks')
const { W3CTraceContextPropagator } = require('@opentelemetry/core')
const { InMemorySpanExporter, SimpleSpanProcessor, TracerProvider } = require('@opentelemetry/sdk-trace')
const { KafkaJsInstrumentation } = require('@opentelemetry/instrumentation-kafkajs')

const exporter = new InMemorySpanExporter()
context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable())
propagation.setGlobalPropagator(new W3CTraceContextPropagator())
trace.setGlobalTracerProvider(new TracerProvider({ spanProcessors: [new SimpleSpanProcessor({ exporter })] }))
new KafkaJsInstrumentation()
const { Kafka, logLevel } = require('kafkajs')

async function show(title, topic, messages) {
  const kafka = new Kafka({ brokers: [process.argv[2]], logLevel: logLevel.NOTHING })
  const admin = kafka.admin()
  await admin.connect()
  await admin.createTopics({ topics: [{ topic, numPartitions: 1 }], waitForLeaders: false })
  const producer = kafka.producer()
  await producer.connect()
  await producer.send({ topic, messages })

  const consumer = kafka.consumer({ groupId: topic })
  await consumer.connect()
  await consumer.subscribe({ topic, fromBeginning: true })
  let readCount = 0
  await new Promise((resolve) => {
    consumer.run({ eachMessage: async () => void (++readCount === messages.length && resolve()) })
  })
  await consumer.disconnect()

  const spans = exporter.getFinishedSpans()
  const sent = spans.filter(({ name }) => name === `send ${topic}`)
  const processed = spans.filter(({ name }) => name === `process ${topic}`)
  const children = sent.map((span) => processed.filter(({ parentSpanContext: parent }) => parent?.spanId === span.spanContext().spanId).length)
  console.log(`${title}: children of each span that sent: ${children.join(', ')}`)
}

async function main() {
  const headers = { 'content-type': 'application/json' }
  const values = ['1', '2', '3']
  await show('one object of headers', 'shared', values.map((value) => ({ value, headers })))
  console.log('the object afterwards has', Object.keys(headers).join(', '))
  await show('an object each', 'own', values.map((value) => ({ value, headers: { 'content-type': 'application/json' } })))
  process.exit()
}
main()
JS
node --no-warnings run.cjs "$kafka_server" | tee output.txt
diff output.txt - <<'EXPECTED'
one object of headers: children of each span that sent: 0, 0, 3
the object afterwards has content-type, traceparent
an object each: children of each span that sent: 1, 1, 1
EXPECTED
