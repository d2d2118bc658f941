#!/usr/bin/env bash
# msgpackr 2.1.4, cbor-x 1.6.9 and @msgpack/msgpack 3.1.3 (npm); vmihailenco/msgpack 5.4.1 and fxamacker/cbor 2.10.0 (Go).
# Guess: both formats have integers of 64 bits, so an integer is written as one; msgpackr says that numbers that are no integers become
# floating point.
# Seen: msgpackr and cbor-x write every integer beyond 32 bits, and so each time in milliseconds and most nanoseconds and totals, as a double.
# Readers with types refuse it: an order is read until one of its fields passes 4,294,967,295. A bigint is written as an integer, and so does
# @msgpack/msgpack with any number up to 2^53 - 1. The other way round msgpackr and cbor-x give a bigint for the integer that Go writes.
set -euo pipefail
work=$(mktemp -d)
cd "$work"
npm init --yes >npm.log
npm install --silent --no-audit --no-fund msgpackr@2.1.4 cbor-x@1.6.9 @msgpack/msgpack@3.1.3 >>npm.log
cat >write.mjs <<'JS'
import { encode } from '@msgpack/msgpack'
import * as cbor from 'cbor-x'
import { pack } from 'msgpackr'

const line = (library, format, bytes) => console.log(library, format, Buffer.from(bytes).toString('hex'))
for (const at of [4_294_967_295, 4_294_967_296, 1_780_000_000_000, 1_780_000_000_000n]) {
  const title = `${at}${typeof at === 'bigint' ? 'n' : ''}`
  line(`msgpackr:${title}`, 'msgpack', pack({ at }))
  line(`cbor-x:${title}`, 'cbor', cbor.encode({ at }))
  if (typeof at === 'number') line(`@msgpack/msgpack:${title}`, 'msgpack', encode({ at }))
}
JS
cat >read.mjs <<'JS'
import * as cbor from 'cbor-x'
import { unpack } from 'msgpackr'

const [packed, encoded] = process.argv.slice(2).map((text) => Buffer.from(text, 'hex'))
console.log('what Go writes, msgpackr:', unpack(packed), 'cbor-x:', cbor.decode(encoded))
JS
cat >main.go <<'GO'
package main

import (
	"encoding/hex"
	"fmt"
	"os"

	"github.com/fxamacker/cbor/v2"
	"github.com/vmihailenco/msgpack/v5"
)

type Order struct {
	At int64 `msgpack:"at" cbor:"at"`
}

func main() {
	if len(os.Args) > 1 {
		packed, _ := msgpack.Marshal(Order{1780000000000})
		encoded, _ := cbor.Marshal(Order{1780000000000})
		fmt.Printf("%x %x\n", packed, encoded)
		return
	}
	var writer, format, text string
	for {
		if _, err := fmt.Scan(&writer, &format, &text); err != nil {
			return
		}
		bytes, _ := hex.DecodeString(text)
		var order Order
		unmarshal := msgpack.Unmarshal
		if format == "cbor" {
			unmarshal = cbor.Unmarshal
		}
		if err := unmarshal(bytes, &order); err != nil {
			fmt.Println(writer, "refused:", err)
		} else {
			fmt.Println(writer, "read")
		}
	}
}
GO
go mod init finding >go.log 2>&1
go get github.com/fxamacker/cbor/v2@v2.10.0 github.com/vmihailenco/msgpack/v5@v5.4.1 >>go.log 2>&1
go build -o reader .
{
  node write.mjs | ./reader
  node read.mjs $(./reader write)
} | tee output.txt
diff output.txt - <<'EXPECTED'
msgpackr:4294967295 read
cbor-x:4294967295 read
@msgpack/msgpack:4294967295 read
msgpackr:4294967296 refused: msgpack: invalid code=cb decoding int64
cbor-x:4294967296 refused: cbor: cannot unmarshal primitives into Go struct field main.Order.at of type int64
@msgpack/msgpack:4294967296 read
msgpackr:1780000000000 refused: msgpack: invalid code=cb decoding int64
cbor-x:1780000000000 refused: cbor: cannot unmarshal primitives into Go struct field main.Order.at of type int64
@msgpack/msgpack:1780000000000 read
msgpackr:1780000000000n read
cbor-x:1780000000000n read
what Go writes, msgpackr: { at: 1780000000000n } cbor-x: { at: 1780000000000n }
EXPECTED
