#!/usr/bin/env bash
# kafka-go 0.4.51 (github.com/segmentio/kafka-go) on Apache Kafka 4.4.0, beside franz-go 1.22.3 and sarama 1.61.1.
# Guess: a Reader with `IsolationLevel: kafka.ReadCommitted` gives the records of committed transactions, as its comment says: "controls the
# visibility of transactional records".
# Seen: it asks the broker for that level and passes over the list of aborted transactions in the answer, so it gives all records that were
# aborted; and it takes the markers that end transactions for messages, with a key of 4 bytes (0, 0, 0, and 1 for a commit). Client.Fetch
# leaves out the markers, not what was aborted.
set -euo pipefail
findings=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
cd "$work"
. "$findings/kafka/start.sh"
start_kafka 4.4.0

cat >main.go <<'GO'
package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/IBM/sarama"
	"github.com/segmentio/kafka-go"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
)

const topic = "sink"

func main() {
	server := os.Args[1]
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	write(ctx, server)
	fmt.Println("franz-go:", strings.Join(readFranzGo(ctx, server), ", "))
	fmt.Println("sarama:", strings.Join(readSarama(server), ", "))
	fmt.Println("kafka-go, Reader:", strings.Join(readKafkaGo(ctx, server), ", "))
	fmt.Println("kafka-go, Client.Fetch:", strings.Join(fetchKafkaGo(ctx, server), ", "))
}

func write(ctx context.Context, server string) {
	producer, err := kgo.NewClient(kgo.SeedBrokers(server), kgo.TransactionalID("t"), kgo.DefaultProduceTopic(topic))
	check(err)
	defer producer.Close()
	_, err = kadm.NewClient(producer).CreateTopic(ctx, 1, 1, nil, topic)
	check(err)
	for _, value := range []string{"committed", "aborted", "committed", "aborted", "last"} {
		check(producer.BeginTransaction())
		check(producer.ProduceSync(ctx, kgo.StringRecord(value)).FirstErr())
		check(producer.EndTransaction(ctx, kgo.TransactionEndTry(value != "aborted")))
		// The answer to a commit comes before its marker is in the log.
		time.Sleep(200 * time.Millisecond)
	}
}

func readFranzGo(ctx context.Context, server string) (seen []string) {
	client, err := kgo.NewClient(kgo.SeedBrokers(server), kgo.ConsumeTopics(topic), kgo.FetchIsolationLevel(kgo.ReadCommitted()),
		kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()))
	check(err)
	defer client.Close()
	for !isWhole(seen) {
		fetches := client.PollFetches(ctx)
		check(fetches.Err())
		fetches.EachRecord(func(record *kgo.Record) { seen = append(seen, string(record.Value)) })
	}
	return
}

func readSarama(server string) (seen []string) {
	config := sarama.NewConfig()
	config.Consumer.IsolationLevel = sarama.ReadCommitted
	consumer, err := sarama.NewConsumer([]string{server}, config)
	check(err)
	defer consumer.Close()
	partition, err := consumer.ConsumePartition(topic, 0, sarama.OffsetOldest)
	check(err)
	defer partition.Close()
	for !isWhole(seen) {
		seen = append(seen, string((<-partition.Messages()).Value))
	}
	return
}

func readKafkaGo(ctx context.Context, server string) (seen []string) {
	reader := kafka.NewReader(kafka.ReaderConfig{Brokers: []string{server}, Topic: topic, IsolationLevel: kafka.ReadCommitted})
	defer reader.Close()
	for !isWhole(seen) {
		message, err := reader.ReadMessage(ctx)
		check(err)
		if len(message.Key) == 4 {
			seen = append(seen, fmt.Sprintf("(key %v)", message.Key))
		} else {
			seen = append(seen, string(message.Value))
		}
	}
	return
}

func fetchKafkaGo(ctx context.Context, server string) (seen []string) {
	client := kafka.Client{Addr: kafka.TCP(server)}
	response, err := client.Fetch(ctx, &kafka.FetchRequest{Topic: topic, MaxBytes: 1e6, MaxWait: time.Second,
		IsolationLevel: kafka.ReadCommitted})
	check(err)
	for {
		record, err := response.Records.ReadRecord()
		if err == io.EOF {
			return
		}
		check(err)
		value, err := io.ReadAll(record.Value)
		check(err)
		seen = append(seen, string(value))
	}
}

func isWhole(seen []string) bool {
	return len(seen) > 0 && seen[len(seen)-1] == "last"
}

func check(err error) {
	if err != nil {
		panic(err)
	}
}
GO
go mod init finding 2>go.log
go get github.com/segmentio/kafka-go@v0.4.51 github.com/twmb/franz-go@v1.22.3 github.com/twmb/franz-go/pkg/kadm@v1.20.0 \
  github.com/IBM/sarama@v1.61.1 2>>go.log
go run . "$kafka_server" | tee output.txt
diff output.txt - <<'EXPECTED'
franz-go: committed, committed, last
sarama: committed, committed, last
kafka-go, Reader: committed, (key [0 0 0 1]), aborted, (key [0 0 0 0]), committed, (key [0 0 0 1]), aborted, (key [0 0 0 0]), last
kafka-go, Client.Fetch: committed, aborted, committed, aborted, last
EXPECTED
