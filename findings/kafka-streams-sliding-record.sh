#!/usr/bin/env bash
# Apache Kafka Streams 4.3.1, by its own TopologyTestDriver. SlidingWindows of 10 ms without grace; a record of another key has the time go on.
# Guess: a window has all records of its key between its start and its end that come before it closes ("when stream-time > window-end + grace").
# Seen: at stream time 100 a record of 95 comes, whose own window [85,95] has closed. It is taken into [93,103], which follows the record of
# 92. The window [91,101], which a record of 101 ends later, has 92 and 101, and lacks 95: it is made of what [82,92] had come to, which was
# closed when 95 came. With a grace of 100 ms the same window has all three.
set -euo pipefail
work=$(mktemp -d)
cd "$work"

cat >pom.xml <<'XML'
<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>finding</groupId>
  <artifactId>finding</artifactId>
  <version>1</version>
  <dependencies>
    <dependency>
      <groupId>org.apache.kafka</groupId>
      <artifactId>kafka-streams-test-utils</artifactId>
      <version>4.3.1</version>
    </dependency>
  </dependencies>
</project>
XML
mvn -q -B org.apache.maven.plugins:maven-dependency-plugin:3.9.0:copy-dependencies -DoutputDirectory=jars
cat >Sliding.java <<'JAVA'
import java.time.*;
import java.util.*;
import org.apache.kafka.common.serialization.*;
import org.apache.kafka.streams.*;
import org.apache.kafka.streams.kstream.*;

public class Sliding {
    public static void main(String[] arguments) {
        for (var graceMs : List.of(0, 100)) run(graceMs);
    }

    static void run(int graceMs) {
        var builder = new StreamsBuilder();
        builder.stream("records", Consumed.with(Serdes.String(), Serdes.String()))
            .groupByKey()
            .windowedBy(SlidingWindows.ofTimeDifferenceAndGrace(Duration.ofMillis(10), Duration.ofMillis(graceMs)))
            .aggregate(() -> "", (key, value, soFar) -> soFar + " " + value, Materialized.with(Serdes.String(), Serdes.String()))
            .suppress(Suppressed.untilWindowCloses(Suppressed.BufferConfig.unbounded()))
            .toStream((key, value) -> key.key() + " [" + key.window().start() + "," + key.window().end() + "]")
            .to("results", Produced.with(Serdes.String(), Serdes.String()));
        var settings = new Properties();
        settings.put(StreamsConfig.APPLICATION_ID_CONFIG, "sliding");
        settings.put(StreamsConfig.BOOTSTRAP_SERVERS_CONFIG, "nowhere:1");
        settings.put(StreamsConfig.STATE_DIR_CONFIG, "state-" + graceMs);
        try (var driver = new TopologyTestDriver(builder.build(), settings)) {
            var records = driver.createInputTopic("records", new StringSerializer(), new StringSerializer());
            give(records, "k", 92);
            give(records, "other", 100);
            give(records, "k", 95);
            give(records, "k", 101);
            give(records, "other", 1_000);
            var results = driver.createOutputTopic("results", new StringDeserializer(), new StringDeserializer());
            for (var result : results.readKeyValuesToList()) {
                if (result.key.startsWith("k [91,") || result.key.startsWith("k [93,")) {
                    System.out.println("grace " + graceMs + ": " + result.key + " has" + result.value);
                }
            }
        }
    }

    static void give(TestInputTopic<String, String> records, String key, long ms) {
        records.pipeInput(key, String.valueOf(ms), Instant.ofEpochMilli(ms));
    }
}
JAVA
java -cp 'jars/*' Sliding.java 2>errors.txt | tee output.txt || { cat errors.txt >&2; exit 1; }
diff output.txt - <<'EXPECTED'
grace 0: k [91,101] has 92 101
grace 0: k [93,103] has 95 101
grace 100: k [91,101] has 92 95 101
grace 100: k [93,103] has 95 101
EXPECTED
echo 'as expected'
