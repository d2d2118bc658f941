#!/usr/bin/env bash
# avsc 5.7.9 (JavaScript) and what reads its records: avro 1.12.2 and fastavro 1.13.1 (Python).
# Guess: a string that JavaScript has cut in the middle of an emoji (`text.slice(0, 20)`) is written with a replacement character, as by
# Buffer.from, TextEncoder and every other encoder of Node.js, so each reader can read the record.
# Seen: avsc encodes short strings by itself, and writes half of a surrogate pair as three bytes that are no UTF-8. Python's readers refuse
# the whole record; avsc reads it back as three replacement characters. The same text, longer, is written with one, since Buffer writes it.
set -euo pipefail
cd "$(mktemp -d)"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund avsc@5.7.9
python3 -m venv python
python/bin/pip install --quiet --disable-pip-version-check avro==1.12.2 fastavro==1.13.1
cat >schema.json <<'JSON'
{ "type": "record", "name": "Order", "fields": [{ "name": "note", "type": "string" }, { "name": "total", "type": "int" }] }
JSON
cat >run.mjs <<'JS'
import { readFileSync, writeFileSync } from 'node:fs'
import avro from 'avsc'

const order = avro.Type.forSchema(JSON.parse(readFileSync('schema.json', 'utf8')))
const texts = { short: 'well done 👍'.slice(0, 11), long: `${'well done '.repeat(20)}👍`.slice(0, 201) }
for (const [name, note] of Object.entries(texts)) {
  const bytes = order.toBuffer({ note, total: 17 })
  writeFileSync(`${name}.avro`, bytes)
  console.log(`avsc writes the end of the ${name} one as ${bytes.subarray(-4, -1).toString('hex')}, reads ${JSON.stringify(order.fromBuffer(bytes).note.slice(-4))}`)
}
JS
cat >run.py <<'PY'
import io, json
import avro.io, avro.schema, fastavro

text = open('schema.json').read()
readers = {
    'avro': lambda data: avro.io.DatumReader(avro.schema.parse(text)).read(avro.io.BinaryDecoder(io.BytesIO(data))),
    'fastavro': lambda data: fastavro.schemaless_reader(io.BytesIO(data), fastavro.parse_schema(json.loads(text)), None),
}
for name in ('short', 'long'):
    data = open(f'{name}.avro', 'rb').read()
    for library, read in readers.items():
        try:
            result = f'total {read(data)["total"]}'
        except Exception as error:
            result = type(error).__name__
        print(f'{library}, the {name} one: {result}')
PY
node run.mjs | tee output.txt
python/bin/python run.py | tee -a output.txt
diff output.txt - <<'EXPECTED'
avsc writes the end of the short one as eda0bd, reads " ���"
avsc writes the end of the long one as efbfbd, reads "ne �"
avro, the short one: UnicodeDecodeError
fastavro, the short one: UnicodeDecodeError
avro, the long one: total 17
fastavro, the long one: total 17
EXPECTED
