#!/usr/bin/env bash
# @confluentinc/schemaregistry 1.10.1 (npm) beside confluent-kafka 2.16.1 (Python): tombstones, with the registry that each mocks itself.
# Guess: serializer and deserializer of a compacted topic pass over a value that is null, as those of Python do.
# Seen: JavaScript's refuse it, in Avro, JSON and Protobuf alike: a consumer that deserializes each `message.value` fails at the first
# tombstone, and does so again at each restart. An empty value, which is not a tombstone, becomes null; Python refuses that one in Avro.
set -euo pipefail
work=$(mktemp -d)
cd "$work"
npm init --yes >npm.log
npm install --silent --no-audit --no-fund @confluentinc/schemaregistry@1.10.1 >>npm.log
cat >run.mjs <<'JS'
import { AvroDeserializer, AvroSerializer, JsonDeserializer, JsonSerializer, ProtobufDeserializer, SchemaRegistryClient, SerdeType } from '@confluentinc/schemaregistry'

const client = SchemaRegistryClient.newClient({ baseURLs: ['mock://registry'] })
const tell = (title, work) =>
  work.then(
    (value) => console.log(`JavaScript, ${title}: ${value}`),
    (error) => console.log(`JavaScript, ${title}: refused, ${error.message}`),
  )
for (const Serializer of [AvroSerializer, JsonSerializer]) {
  const serializer = new Serializer(client, SerdeType.VALUE, { autoRegisterSchemas: true })
  await tell(`${Serializer.name} of null`, serializer.serialize('orders', null))
}
for (const Deserializer of [AvroDeserializer, JsonDeserializer, ProtobufDeserializer]) {
  const deserializer = new Deserializer(client, SerdeType.VALUE, {})
  await tell(`${Deserializer.name} of null`, deserializer.deserialize('orders', null))
  await tell(`${Deserializer.name} of an empty value`, deserializer.deserialize('orders', Buffer.alloc(0)))
}
JS
python3.11 -m venv python
python/bin/pip install --quiet --disable-pip-version-check 'confluent-kafka[avro,schemaregistry]==2.16.1'
cat >run.py <<'PY'
from confluent_kafka.schema_registry import SchemaRegistryClient
from confluent_kafka.schema_registry.avro import AvroDeserializer, AvroSerializer
from confluent_kafka.serialization import MessageField, SerializationContext

client = SchemaRegistryClient.new_client({'url': 'mock://registry'})
context = SerializationContext('orders', MessageField.VALUE)
print('Python, AvroSerializer of null:', AvroSerializer(client, '"string"')(None, context))
deserializer = AvroDeserializer(client)
for title, value in (('null', None), ('an empty value', b'')):
    try:
        print(f'Python, AvroDeserializer of {title}:', deserializer(value, context))
    except Exception as error:
        print(f'Python, AvroDeserializer of {title}: refused, {type(error).__name__}')
PY
{
  node --no-warnings run.mjs
  python/bin/python -W ignore run.py
} | tee output.txt
diff output.txt - <<'EXPECTED'
JavaScript, AvroSerializer of null: refused, message is empty
JavaScript, JsonSerializer of null: refused, message is empty
JavaScript, AvroDeserializer of null: refused, Invalid buffer
JavaScript, AvroDeserializer of an empty value: null
JavaScript, JsonDeserializer of null: refused, Invalid buffer
JavaScript, JsonDeserializer of an empty value: null
JavaScript, ProtobufDeserializer of null: refused, Invalid buffer
JavaScript, ProtobufDeserializer of an empty value: null
Python, AvroSerializer of null: None
Python, AvroDeserializer of null: None
Python, AvroDeserializer of an empty value: refused, SerializationError
EXPECTED
